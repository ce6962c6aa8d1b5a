#include "core/base64.h"

#include <openssl/evp.h>

namespace slipway {
namespace {

constexpr size_t kGroup = 4;       // Characters for
constexpr size_t kGroupBytes = 3;  // so many bytes.

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string ToBase64(std::string_view bytes) {
  std::string text((bytes.size() + kGroupBytes - 1) / kGroupBytes * kGroup, '\0');
  // EVP_EncodeBlock writes a zero byte behind, where a string has one.
  EVP_EncodeBlock(Bytes(text), Bytes(bytes), static_cast<int>(bytes.size()));
  return text;
}

Result<std::string> FromBase64(std::string_view text) {
  const Error invalid(ErrorCode::kInvalidInput, "not base64");
  if (text.size() % kGroup != 0) return invalid;
  // EVP_DecodeBlock takes blanks around the text, and counts padding as zero bytes.
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (!text.empty() && kAlphabet.find(text.front()) == std::string_view::npos) return invalid;
  if (text.substr(0, text.size() - padding).find('=') != std::string_view::npos) return invalid;
  std::string bytes(text.size() / kGroup * kGroupBytes, '\0');
  const int size = EVP_DecodeBlock(Bytes(bytes), Bytes(text), static_cast<int>(text.size()));
  if (size != static_cast<int>(bytes.size())) return invalid;
  bytes.resize(bytes.size() - padding);
  if (text.empty()) return bytes;
  // The bits of the last group that stand for nothing are 0.
  const std::string_view last =
      std::string_view(bytes).substr(bytes.size() - (kGroupBytes - padding));
  return text.ends_with(ToBase64(last)) ? Result<std::string>(std::move(bytes)) : invalid;
}

}  // namespace slipway
