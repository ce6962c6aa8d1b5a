#include "http/types.h"

#include "http/text.h"

namespace slipway::http {

std::string_view Request::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name.size() != name.size()) continue;
    size_t same = 0;
    while (same < name.size() && LowerOf(header.name[same]) == LowerOf(name[same])) ++same;
    if (same == name.size()) return header.value;
  }
  return "";
}

void Response::Clear() {
  status = 200;
  content_type = "application/json";
  body.clear();
  header_lines.clear();
  note = 0;
  close = later = false;
}

void Response::AddHeader(std::string_view name, std::string_view value) {
  header_lines.append(name).append(": ");
  for (const char c : value) {
    if (kValueBytes.Has(c)) header_lines.push_back(c);
  }
  header_lines.append("\r\n");
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

}  // namespace slipway::http
