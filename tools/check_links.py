#!/usr/bin/env python3
"""check_links.py [ROOT]: every relative link in the project's Markdown names a file, and every heading it points to.

A picture also says in words what it shows."""
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
WORDLESS = re.compile(r"!\[\s*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors_of(path):
    """Names that a browser jumps to, by the rule of GitHub: lower case, blanks to dashes, punctuation dropped."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+\s+(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def check_link(document, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    file = (document.parent / name) if name else document
    if not file.exists():
        return "no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors_of(file):
        return f"{file.name} has no heading '{anchor}'"
    return None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    documents = [root / name for name in listed.stdout.split("\n") if name]
    if listed.returncode != 0:
        documents = [path for path in root.rglob("*.md") if "build" not in path.relative_to(root).parts]
    problems, links = [], 0
    for document in documents:
        text = FENCE.sub("", document.read_text(encoding="utf-8"))
        for target in WORDLESS.findall(text):
            problems.append(f"{document.relative_to(root)}: picture '{target}' has no words that say what it shows")
        for target in LINK.findall(text):
            links += 1
            problem = check_link(document, target)
            if problem:
                problems.append(f"{document.relative_to(root)}: link to '{target}': {problem}")
    for problem in problems:
        print(problem)
    if problems or not documents:
        sys.exit(1)
    print(f"links: {links} in {len(documents)} documents lead somewhere")


if __name__ == "__main__":
    main()
