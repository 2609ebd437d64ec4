#!/usr/bin/env python3
"""Holds the HTTP scanner against recorded flows of which every body is known.

usage: http-vectors.py [TCPFLOW [SHARED]]

Runs TCPFLOW (target/release/tcpflow) on SHARED/captures/made__http-vectors.pcap
(SHARED: ../shared) and compares with SHARED/spec/http-vectors.jsonl: the bytes of each flow, the
names and bytes of its bodies, and what the report says of them.  Of a damaged compressed body it is
enough that one of the two is the beginning of the other: how far a library gets is its own affair.
Exit status: 0 all equal or nothing to compare with, 1 something differs.
"""
import base64, json, os, pathlib, re, subprocess, sys, tempfile
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parents[2]
TCPFLOW = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else HERE / "target/release/tcpflow")
SHARED = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else HERE / "../shared").resolve()
VECTORS, CAPTURE = SHARED / "spec/http-vectors.jsonl", SHARED / "captures/made__http-vectors.pcap"
FIRST_PORT = 1000


def local(tag):
    return tag.rsplit("}", 1)[-1]


def runs_of(report):
    """Flow file name -> [[offset, body file name, size], ..]; absent if the flow was not scanned."""
    found = {}
    for flow in ET.parse(report).getroot().iter():
        name = next((e.text for e in flow if local(e.tag) == "filename"), None)
        runs = next((e for e in flow if local(e.tag) == "byte_runs"), None)
        if local(flow.tag) == "fileobject" and runs is not None:
            found[os.path.basename(name)] = [
                [int(run.get("file_offset")), os.path.basename(run[0][0].text), int(run[0][1].text)]
                for run in runs]
    return found


def is_prefix(a, b):
    return a.startswith(b) or b.startswith(a)


def main():
    if not (VECTORS.exists() and CAPTURE.exists()):
        print("SKIPPED http-vectors: no %s" % VECTORS)
        return 0
    wrong, shorter, compared = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out")
        subprocess.run([TCPFLOW, "-q", "-e", "http", "-o", out, "-r", CAPTURE], check=True, timeout=120,
                       stderr=subprocess.DEVNULL)
        runs = runs_of(out / "report.xml")
        bodies = {}
        for path in out.iterdir():
            flow, sep, rest = path.name.partition("-HTTPBODY-")
            if sep:
                bodies.setdefault(flow, {})[sep + rest] = path.read_bytes()
        for line in VECTORS.open():
            vector = json.loads(line)
            compared += 1
            complain = lambda text: wrong.append("%d (%s): %s" % (vector["n"], vector["what"], text))
            name = "010.000.000.001.00080-010.000.000.002.%05d" % (FIRST_PORT + vector["n"])
            content = base64.b64decode(vector["flow_b64"])
            if (out / name).read_bytes() != content:
                complain("the flow differs")
                continue
            want = {k: base64.b64decode(v) for k, v in vector["bodies_b64"].items()}
            got = bodies.get(name, {})
            coded = re.search(rb"(?i)content-encoding", content) is not None
            loose = set()
            for suffix in sorted(want.keys() | got.keys()):
                w, g = want.get(suffix), got.get(suffix)
                if w == g:
                    continue
                if coded and is_prefix(w or b"", g or b""):
                    loose.add(suffix)
                    shorter += 1
                else:
                    complain("%s: want %r, got %r" % (suffix, w, g))
            if (name in runs) != vector["scanned"]:
                complain("scanned: want %s" % vector["scanned"])
            tell = lambda rs: [r for r in rs if r[1] not in loose]
            w = tell(vector["byte_runs"])
            g = tell([[offset, body[len(name):], size] for offset, body, size in runs.get(name, [])])
            if w != g:
                complain("byte_runs: want %s, got %s" % (w, g))
    for text in wrong[:20]:
        print(text)
    print("http-vectors: %d flows, %d differences, %d damaged bodies of another length"
          % (compared, len(wrong), shorter))
    return 1 if wrong or not compared else 0


sys.exit(main())
