#!/usr/bin/env python3
"""A second reader of logs, written from proto/FORMAT.md alone and with nothing but the standard
library: walks the segments it is given, in order, and checks what section 9 says, but for replay.

    second_reader.py KEY SEGMENT...

Prints the number of records and the root over them; or what is wrong, and exits with 1.
"""
import base64
import hashlib
import struct
import sys
import zlib

BLOCK = 4096


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# ---- Ed25519 (RFC 8032, section 5.1.7), which Python does not have

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor, p):
    q = (0, 1, 1, 0)
    while factor > 0:
        if factor & 1:
            q = add(q, p)
        p = add(p, p)
        factor >>= 1
    return q


def point(text):
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    need(y < P, "a point that is none")
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P != 0:
        x = x * ROOT_OF_MINUS_1 % P
    need((x * x - squared) % P == 0, "a point that is none")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, text, signature):
    try:
        r, a = point(signature[:32]), point(key)
    except Wrong:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return ((left[0] * right[2] - right[0] * left[2]) % P == 0
            and (left[1] * right[2] - right[1] * left[2]) % P == 0)


# ---- records, text and maps (the head of FORMAT.md)

def record(data, at):
    """Opcode, content, and where the next record begins."""
    need(at + 9 <= len(data), f"byte {at}: a record that is cut")
    size = struct.unpack_from("<Q", data, at + 1)[0]
    need(size <= len(data) - at - 9, f"byte {at}: a record that is cut")
    return data[at], data[at + 9:at + 9 + size], at + 9 + size


def text(data, at):
    size = struct.unpack_from("<I", data, at)[0]
    need(at + 4 + size <= len(data), "a text that is cut")
    return data[at + 4:at + 4 + size].decode(), at + 4 + size


def pad_ends(data, at, what):
    """Where the block ends after which only padding may stand."""
    gap = -at % BLOCK
    if gap == 0:
        return at
    end = at + gap if gap >= 9 else at + gap + BLOCK
    op, content, after = record(data, at)
    need(op == 0x81 and after == end and not any(content), f"byte {at}: padding of {what}")
    return end


# ---- Protocol Buffers, as far as the log's own records need them

def fields(data):
    out, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            need(at < len(data), "a message that is cut")
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        else:
            need(tag & 7 == 2, "a message of another kind")
            size = varint()
            value, at = data[at:at + size], at + size
            need(len(value) == size, "a message that is cut")
        out.setdefault(tag >> 3, []).append(value)
    return out


# ---- section 3: preamble

def preamble(data):
    """What the metadata say, and where the first group begins."""
    need(data[:8] == b"\x89MCAP0\r\n", "does not begin as an MCAP file")
    at, says = 8, None
    while True:
        op, content, after = record(data, at)
        if op == 0x82:
            need(content == struct.pack("<I", zlib.crc32(data[:at])), "the preamble's check")
            need(says is not None and says.get("format") == "2", "a log of format 2")
            return says, pad_ends(data, after, "the preamble")
        need(op in (0x01, 0x03, 0x04, 0x0C), f"byte {at}: record {op:#x} in a preamble")
        if op == 0x0C:
            name, key_at = text(content, 0)
            need(name == "skywitness.segment" and says is None, "one Metadata record, ours")
            says, key_at = {}, key_at + 4
            while key_at < len(content):
                key, key_at = text(content, key_at)
                says[key], key_at = text(content, key_at)
        at = after


# ---- section 9: the tree

class Tree:
    def __init__(self, size=0, frontier=()):
        self.size, self.frontier = size, list(frontier)

    def append(self, leaf):
        size = self.size
        while size & 1:
            leaf = sha(b"\x01", self.frontier.pop(), leaf)
            size >>= 1
        self.frontier.append(leaf)
        self.size += 1

    def root(self):
        if not self.frontier:
            return sha()
        root = self.frontier[-1]
        for node in reversed(self.frontier[:-1]):
            root = sha(b"\x01", node, root)
        return root


class Reader:
    def __init__(self, key):
        self.key_text = key
        self.origin, key_id, rest = key.split("+", 2)
        raw = base64.b64decode(rest, validate=True)
        need(len(raw) == 33 and raw[0] == 1, "the key is of Ed25519")
        self.key = raw[1:]
        need(key_id == sha(self.origin.encode(), b"\n", raw)[:4].hex(), "the key's id")
        self.tree = None
        self.epoch = None       # number and key that sign the next group
        self.run = None         # boot id, and number of the last group
        self.segment = -1
        self.last_flags = 0
        self.moment = (None, 0, 0, 0)   # boot id, boottime, newest input, log_time
        self.proven = 0         # records before the last checkpoint
        self.before = None      # the last group of the segment before: number and body

    # -- one segment

    def read(self, data):
        says, at = preamble(data)
        need(says["key"] == self.key_text, "the segment names another key")
        number = int(says["segment"])
        need(number > self.segment, "segments are not in their order")
        self.segment, self.introduced, self.preamble_hash = number, False, sha(data[:at])
        boot_id = bytes.fromhex(says["boot_id"].replace("-", "")) or bytes(16)
        previous_crc, self.groups = 0, []
        while at < len(data) and data[at] == 0x80:
            at, previous_crc = self.group(data, at, number, boot_id, previous_crc)
        need(self.introduced, "no record of the segment is in it")
        self.summary(data, at)
        need(self.last_flags & 2, "the last group of the segment is missing")

    # -- section 4: one group

    def group(self, data, at, number, boot_id, previous_crc):
        _, head, body_at = record(data, at)
        need(len(head) == 248 and head[:8] == b"SKYGRP1\n", f"byte {at}: no group")
        (version, flags) = struct.unpack_from("<II", head, 8)
        (seq,) = struct.unpack_from("<Q", head, 32)
        (messages,) = struct.unpack_from("<I", head, 68)
        (body_bytes, body_crc, epoch, leaves) = struct.unpack_from("<QIIQ", head, 80)
        (root, salt, signature) = struct.unpack_from("<32s32s64s", head, 104)
        (segment, before, crc) = struct.unpack_from("<QII", head, 232)
        need(crc == zlib.crc32(head[:244]), f"byte {at}: the header's checksum")
        need(version == 2 and segment == number and head[16:32] == boot_id,
             f"byte {at}: a group of another segment")
        need(before == previous_crc, f"byte {at}: a group before it is missing")
        body = data[body_at:body_at + body_bytes]
        need(len(body) == body_bytes and zlib.crc32(body) == body_crc,
             f"byte {at}: the body's checksum")
        end = pad_ends(data, body_at + body_bytes, "a group")
        if self.before == (boot_id, seq, body):
            return end, crc     # what a failed segment ended with: read once
        need(self.run in ((boot_id, seq - 1), None) or seq == 1, f"byte {at}: groups are missing")
        self.run, self.before, self.last_flags = (boot_id, seq), (boot_id, seq, body), flags
        next_epoch, log_time = self.messages(body, body_at, salt, messages)
        (boottime,), (newest,) = struct.unpack_from("<q", head, 40), struct.unpack_from("<Q", head, 72)
        need(boottime >= self.moment[1] or boot_id != self.moment[0], f"byte {at}: time goes back")
        need(seq == 1 or (newest >= self.moment[2] and log_time[0] >= self.moment[3]),
             f"byte {at}: inputs or log times go back")
        self.moment = (boot_id, boottime, newest, log_time[1])
        need((self.tree.size, self.tree.root()) == (leaves, root), f"byte {at}: the tree")
        need(epoch == self.epoch[0], f"byte {at}: the epoch's number")
        need(signed(self.epoch[1], b"skywitness/group/v2\n" + self.origin.encode() + b"\n"
                    + head[:168], signature), f"byte {at}: the group's signature")
        self.epoch = next_epoch or self.epoch
        return end, crc

    def messages(self, body, body_at, salt, count):
        op, chunk, index_at = record(body, 0)
        need(op == 6, "a group without a chunk")
        first, last, size, crc = struct.unpack_from("<QQQI", chunk, 0)
        name, records_at = text(chunk, 28)
        need(name == "" and struct.unpack_from("<Q", chunk, records_at)[0] == size, "the chunk")
        records = chunk[records_at + 8:]
        need(len(records) == size and zlib.crc32(records) == crc, "the chunk's checksum")
        at, number, index, times_, next_epoch = 0, 0, {}, [], None
        while at < size:
            op, content, after = record(records, at)
            need(op == 5, "something else than a message in a chunk")
            (channel, _, log_time, _) = struct.unpack_from("<HIQQ", content, 0)
            index.setdefault(channel, []).append((log_time, at))
            times_.append(log_time)
            two = sha(salt, struct.pack("<I", number // 2))
            leaf_salt = two[16 * (number % 2):][:16]
            next_epoch = self.own(channel, content[22:]) or next_epoch
            need(self.tree is not None, "a log that does not begin with a segment's record")
            self.tree.append(sha(b"\x00", leaf_salt, content))
            at, number = after, number + 1
        need(number == count and times_ == sorted(times_), "the messages of a group")
        need((first, last) == (times_[0], times_[-1]), "the chunk's times")
        want = b"".join(
            struct.pack("<BQHI", 7, 6 + 16 * len(entries), channel, 16 * len(entries))
            + b"".join(struct.pack("<QQ", *entry) for entry in entries)
            for channel, entries in sorted(index.items()))
        need(body[index_at:] == want, "the indexes of a group")
        self.groups.append((first, last, body_at, index_at, len(body), size,
                            sorted((channel, len(entries)) for channel, entries in index.items())))
        return next_epoch, (first, last)

    # -- the log's own records

    def own(self, channel, data):
        if channel == 64:
            self.take_segment(fields(data))
        elif channel == 65:
            epoch = fields(data)
            number, key = epoch[1][0], epoch[2][0]
            need(number == self.epoch[0] + 1, "epochs have a gap")
            return number, key
        elif channel == 66:
            self.take_checkpoint(fields(data)[1][0].decode())
        return None

    def take_segment(self, own):
        if own[1][0] == self.segment:
            need(own[2][0] == self.preamble_hash, "the preamble is not what was recorded")
            self.introduced = True
        said = Tree(own[3][0], own.get(4, []))
        need(len(said.frontier) == bin(said.size).count("1"), "the subtrees of a segment")
        if self.tree is None:
            self.tree = said
        need((said.size, said.frontier) == (self.tree.size, self.tree.frontier),
             "the tree does not go on")
        need(5 in own and 6 in own and 7 not in own, "a segment that nobody signs, or a restart")
        need(self.epoch in (None, (own[5][0], own[6][0])), "the segment's epoch")
        self.epoch = (own[5][0], own[6][0])

    def take_checkpoint(self, note):
        head, _, lines = note.partition("\n\n")
        need(head.split("\n") == [self.origin, str(self.tree.size),
                                  base64.b64encode(self.tree.root()).decode()],
             "a checkpoint of something else")
        for line in lines.splitlines():
            dash, name, value = line.split(" ")
            raw = base64.b64decode(value, validate=True)
            if dash == "\u2014" and name == self.origin and len(raw) == 68:
                need(raw[:4] == sha(name.encode(), b"\n\x01", self.key)[:4]
                     and signed(self.key, (head + "\n").encode(), raw[4:]), "a checkpoint's signature")
                self.proven = self.tree.size
                return
        raise Wrong("a checkpoint that the log's key did not sign")

    # -- section 5: the end

    def summary(self, data, at):
        op, content, summary_at = record(data, at)
        need(op == 0x0F and content == bytes(4), f"byte {at}: no summary")
        need(data[-8:] == b"\x89MCAP0\r\n", "does not end as an MCAP file")
        op, footer, end = record(data, len(data) - 37)
        start, offsets, crc = struct.unpack("<QQI", footer)
        need((op, end, start) == (2, len(data) - 8, summary_at), "the footer")
        need(crc == zlib.crc32(data[start:len(data) - 12]), "the summary's checksum")
        chunks, at = [], start
        while at < offsets:
            op, content, at = record(data, at)
            if op == 8:
                chunks.append(content)
            elif op == 0x0B:
                total = struct.unpack_from("<Q", content, 0)[0]
                need(total == sum(n for group in self.groups for _, n in group[6]),
                     "the summary's number of messages")
        need(len(chunks) == len(self.groups), "the summary's number of groups")
        for content, (first, last, body_at, chunk_bytes, body_bytes, size, index) in zip(
                chunks, self.groups):
            where, places = body_at + chunk_bytes, []
            for channel, count in index:
                places.append(struct.pack("<HQ", channel, where))
                where += 15 + 16 * count
            want = (struct.pack("<QQQQI", first, last, body_at, chunk_bytes, 10 * len(places))
                    + b"".join(places)
                    + struct.pack("<QIQQ", body_bytes - chunk_bytes, 0, size, size))
            need(content == want, "a group in the summary")


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            reader = Reader(file.read().strip())
        for name in sys.argv[2:]:
            with open(name, "rb") as file:
                reader.read(file.read())
        need(reader.last_flags & 4, "the run goes on, and the rest is not here")
    except (Wrong, struct.error, KeyError, IndexError, ValueError) as error:
        print(f"wrong: {error}")
        return 1
    print(f"{reader.tree.size} records, {reader.proven} below the last checkpoint, root "
          f"{reader.tree.root().hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
