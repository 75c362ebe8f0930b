"""A radar head played by pymodbus, whose registers change ten times a second.

usage: head_pymodbus.py tcp PORT | rtu DEVICE
"""
import struct
import sys
import threading
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartSerialServer, StartTcpServer
from pymodbus.transaction import ModbusRtuFramer

TARGETS = 20


def crc16(words):
    crc = 0xFFFF
    for byte in b"".join(struct.pack(">H", word) for word in words):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def table(sequence):
    words = []
    for i in range(TARGETS):
        words += [i, 1, 0, 0, 10000 + i, 0x4000, 0x8000, 0x8000, 0x8000, 0x8000, 0, 0, 0, 0, 0, sequence]
    return words


def header(sequence, crc):
    return [0x5357, 0x0103, 16, 64, 0x0002, sequence, TARGETS, 100, 0, 0, 0xFFFF, 0xFFFF, 0, 0, crc, sequence]


registers = ModbusSequentialDataBlock(0, [0] * 2000)


def write(sequence):
    """As a head does: odd while it writes, even when it is done."""
    words = table(sequence)
    registers.setValues(0, header(sequence - 1, 0))
    registers.setValues(256, words)
    registers.setValues(0, header(sequence, crc16(words)))


def scan():
    sequence = 2
    while True:
        time.sleep(0.1)
        sequence = (sequence + 2) % 65536
        write(sequence)


write(2)
threading.Thread(target=scan, daemon=True).start()
slave = ModbusSlaveContext(ir=registers, zero_mode=True)
context = ModbusServerContext(slaves={1: slave, 2: slave}, single=False)
identity = ModbusDeviceIdentification(info_name={"VendorName": "peer", "ProductCode": "PM", "MajorMinorRevision": "3"})
if sys.argv[1] == "tcp":
    StartTcpServer(context=context, identity=identity, address=("127.0.0.1", int(sys.argv[2])))
else:
    StartSerialServer(context=context, framer=ModbusRtuFramer, port=sys.argv[2], baudrate=115200, timeout=1)
