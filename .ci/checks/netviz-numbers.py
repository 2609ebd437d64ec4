#!/usr/bin/env python3
"""Holds the page of netviz against the text of recorded pages: the numbers must be the same.

usage: netviz-numbers.py [TCPFLOW [SHARED]]

For every SHARED/spec/netviz/NAME.txt (SHARED: ../shared) runs TCPFLOW (target/release/tcpflow) on
NAME.pcap and compares: source, date range, packets, transports, the caption of the traffic over
time, and the three busiest addresses and ports each way.  Where the two differ on purpose (shares
of the right column, ports behind IP options) the captures there do not show it.
Exit status: 0 all equal or nothing to compare with, 1 something differs.
"""
import os, pathlib, re, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]
TCPFLOW = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else HERE / "target/release/tcpflow")
SHARED = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else HERE / "../shared").resolve()
FOLDER = SHARED / "spec/netviz"
CAPTION = re.compile(r"no packets received|\S+ \w+(?:, \S+ \w+)? \((?:<1 second|~?\d+ \w+) intervals\)")


def words(text):
    return " ".join(text.split())


def heading(text, name):
    """What stands behind "NAME:" on its line."""
    found = re.search(r"^\s*%s:(.*)$" % name, text, re.M)
    return words(found.group(1)) if found else None


def facts_of_recorded(text):
    tops = re.findall(r"(\d)\) (\S+) - (\S+ \w?B) \((\d+)%\)", text)
    # Lines alternate between the left and the right column; the third value of a line is missing
    # where a column is shorter, so that columns go by position.
    columns = {"left": [], "right": []}
    for line in text.splitlines():
        for match in re.finditer(r"(\d)\) (\S+) - (\S+ \w?B) \((\d+)%\)", line):
            side = "left" if match.start() < 60 else "right"
            columns[side].append(list(match.groups()))
    assert sum(map(len, columns.values())) == len(tops)
    return columns


def facts_of_ours(text):
    columns = {"left": [], "right": []}
    tables = text[text.find("Top Source Addresses"):] if "Top Source Addresses" in text else ""
    row = r"(\d+) (\S+)(?: [A-Z]{3,5})? +(\S+ \w?B) +(\d+)% +\d+%"
    middle = 0
    for line in tables.splitlines():
        if "Top Source" in line:
            middle = line.find("Top Destination")
        for match in re.finditer(row, line):
            side = "left" if match.start() < middle - 4 else "right"
            if int(match.group(1)) <= 3:
                columns[side].append(list(match.groups()))
    return columns



def compare(name, recorded, ours):
    wrong = []
    for key in ("Date range", "Packets analyzed", "Transports"):
        want = (heading(recorded, key) or "").replace(" -- ", " – ")
        got = (heading(ours, key) or "").removesuffix(" UTC")
        if key == "Date range" and heading(recorded, "Packets analyzed").startswith("0 "):
            continue  # with no packet there is no date; 1970 is nobody's
        if want != got:
            wrong.append("%s: want %r, got %r" % (key, want, got))
    if not (heading(ours, "Input") or "").endswith(heading(recorded, "Input")):
        wrong.append("Input: %r" % heading(ours, "Input"))
    # Our intervals are what they are called, so that there is no "about".
    want, got = CAPTION.search(recorded.replace("(~", "(")), CAPTION.search(ours)
    if (want and want.group()) != (got and got.group()):
        wrong.append("caption: want %r, got %r" % (want and want.group(), got and got.group()))
    want, got = facts_of_recorded(recorded), facts_of_ours(ours)
    if want != got:
        wrong.append("top three: want %s, got %s" % (want, got))
    return ["%s: %s" % (name, text) for text in wrong]


def main():
    texts = sorted(FOLDER.glob("*.txt"))
    if not texts:
        print("SKIPPED netviz-numbers: no %s" % FOLDER)
        return 0
    if subprocess.run(["sh", "-c", "command -v pdftotext"], stdout=subprocess.DEVNULL).returncode:
        print("SKIPPED netviz-numbers: pdftotext is not installed")
        return 0
    wrong = []
    for path in texts:
        capture = path.with_suffix(".pcap")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([TCPFLOW, "-q", "-E", "netviz", "-o", folder, "-r", capture], check=True,
                           timeout=60, stderr=subprocess.DEVNULL, env=dict(os.environ, TZ="UTC"))
            page = pathlib.Path(folder, "report.pdf")
            if page.stat().st_size >= 50_000:
                wrong.append("%s: %d bytes" % (path.stem, page.stat().st_size))
            ours = subprocess.run(["pdftotext", "-layout", page, "-"], check=True, timeout=60,
                                  capture_output=True, text=True).stdout
        wrong += compare(path.stem, path.read_text(), ours)
    print("\n".join(wrong + ["netviz-numbers: %d pages, %d differences" % (len(texts), len(wrong))]))
    return 1 if wrong else 0


sys.exit(main())
