#!/usr/bin/env python3
"""Makes captures of the kinds by which the program is measured.

  benches/captures.py FOLDER [MEGABYTES [KIND...]]

Writes FOLDER/KIND.pcap, about so many megabytes each (20), the same bytes every time:

  bulk       eight streams at once, in full segments
  web        requests and responses of a few kilobytes on connections of their own
  tiny       connections that carry one small segment each way
  reorder    like bulk; 3 of 100 segments come late, 1 of 100 comes twice
  longlived  thousands of connections that are open all the time and take turns
  scan       a SYN each from ever new ports, and nothing else
"""

import heapq
import os
import random
import struct
import sys

SYN, FIN, PSH, ACK = 2, 1, 8, 16
FULL_SEGMENT = 1448


class Capture:
    def __init__(self, path):
        self.file = open(path, "wb", buffering=1 << 20)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.size, self.packets = 24, 0

    def add(self, source, destination, ports, seq, flags, payload=b""):
        total = 40 + len(payload)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, total, 0, 0, 64, 6, 0, source, destination)
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, 1, 0x50, flags, 65535, 0, 0)
        frame = b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + tcp + payload
        seconds, micros = divmod(self.packets * 10, 1_000_000)
        record = struct.pack("<IIII", 1_600_000_000 + seconds, micros, len(frame), len(frame))
        self.file.write(record + frame)
        self.size += len(record) + len(frame)
        self.packets += 1


class Connection:
    """Both directions of a connection; every step is one packet."""

    def __init__(self, number):
        self.ends = (0x0A000002 + (number >> 14), 0xC0000201)
        self.ports = (1024 + (number & 0x3FFF), 80)
        self.seq = [1000, 2000]

    def send(self, capture, side, flags, payload=b""):
        self.add(capture, side, self.seq[side], flags, payload)
        self.seq[side] += len(payload) + (1 if flags & (SYN | FIN) else 0)

    def add(self, capture, side, seq, flags, payload=b""):
        ends = self.ends if side == 0 else self.ends[::-1]
        ports = self.ports if side == 0 else self.ports[::-1]
        capture.add(*ends, ports, seq, flags, payload)

    def open(self, capture):
        self.send(capture, 0, SYN)
        self.send(capture, 1, SYN | ACK)
        self.send(capture, 0, ACK)

    def close(self, capture):
        self.send(capture, 0, FIN | ACK)
        self.send(capture, 1, FIN | ACK)
        self.send(capture, 0, ACK)


def bulk(capture, size, late=0.0, twice=0.0):
    chance = random.Random(1)
    streams = [Connection(number) for number in range(8)]
    for stream in streams:
        stream.open(capture)
    waiting, order = [], 0
    payloads = [bytes(chance.randrange(256) for _ in range(FULL_SEGMENT)) for _ in range(16)]
    while capture.size < size:
        stream = streams[chance.randrange(8)]
        payload = payloads[chance.randrange(16)]
        seq, order = stream.seq[1], order + 1
        stream.seq[1] += len(payload)
        delay = chance.randrange(2, 40) if chance.random() < late else 0
        heapq.heappush(waiting, (order + delay, order, stream, seq, payload))
        if chance.random() < twice:
            heapq.heappush(waiting, (order + 8, order + 0.5, stream, seq, payload))
        while waiting and waiting[0][0] <= order:
            _, _, stream, seq, payload = heapq.heappop(waiting)
            stream.add(capture, 1, seq, ACK | PSH, payload)
            if order % 2:
                stream.send(capture, 0, ACK)
    for _, _, stream, seq, payload in sorted(waiting, key=lambda it: it[:2]):
        stream.add(capture, 1, seq, ACK | PSH, payload)
    for stream in streams:
        stream.close(capture)


def reorder(capture, size):
    bulk(capture, size, late=0.03, twice=0.01)


def web(capture, size):
    chance, number, talks = random.Random(2), 0, []
    body = bytes(chance.randrange(32, 127) for _ in range(60_000))
    while capture.size < size or talks:
        while capture.size < size and len(talks) < 100:
            talks.append(page(Connection(number), capture, chance, body))
            number += 1
        talk = talks[chance.randrange(len(talks))]
        if next(talk, None) is None:
            talks.remove(talk)


def page(connection, capture, chance, body):
    """One connection with one to four requests, packet by packet."""
    connection.open(capture)
    for _ in range(chance.randrange(1, 5)):
        request = b"GET /%d HTTP/1.1\r\nHost: example.com\r\n\r\n" % chance.randrange(10_000)
        connection.send(capture, 0, ACK | PSH, request)
        yield True
        length = min(int(chance.paretovariate(1.1) * 600), len(body))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % length
        response = head + body[:length]
        for start in range(0, len(response), FULL_SEGMENT):
            connection.send(capture, 1, ACK | PSH, response[start : start + FULL_SEGMENT])
            yield True
        connection.send(capture, 0, ACK)
    connection.close(capture)


def tiny(capture, size):
    number = 0
    while capture.size < size:
        connection = Connection(number)
        connection.open(capture)
        connection.send(capture, 0, ACK | PSH, b"q" * 40)
        connection.send(capture, 1, ACK | PSH, b"a" * 60)
        connection.close(capture)
        number += 1


def longlived(capture, size):
    rounds = 20
    connections = [Connection(number) for number in range(max(1, size // (rounds * 450)))]
    for connection in connections:
        connection.open(capture)
    for turn in range(rounds):
        payload = bytes([65 + turn]) * 300
        for connection in connections:
            connection.send(capture, 0, ACK | PSH, payload)
            connection.send(capture, 1, ACK)


def scan(capture, size):
    number = 0
    while capture.size < size:
        Connection(number).send(capture, 0, SYN)
        number += 1


KINDS = {it.__name__: it for it in (bulk, web, tiny, reorder, longlived, scan)}


def main():
    if len(sys.argv) < 2 or any(kind not in KINDS for kind in sys.argv[3:]):
        sys.exit(__doc__)
    folder = sys.argv[1]
    size = int(float(sys.argv[2] if len(sys.argv) > 2 else 20) * 1_000_000)
    os.makedirs(folder, exist_ok=True)
    for kind in sys.argv[3:] or KINDS:
        capture = Capture(os.path.join(folder, f"{kind}.pcap"))
        KINDS[kind](capture, size)
        capture.file.close()


if __name__ == "__main__":
    main()
