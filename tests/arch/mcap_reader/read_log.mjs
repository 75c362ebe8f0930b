// Reads a finished log with nothing but stock libraries and the descriptors in the log itself, once
// by its index and once from front to end, and prints `topic messages last-seq` for each topic.
// Every message must decode, and encode again to the same bytes: no field is unknown or misread.
import { readFile } from "node:fs/promises";
import { McapIndexedReader, McapStreamReader } from "@mcap/core";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

const bytes = await readFile(process.argv[2]);

function decoder(schema) {
  if (schema.encoding !== "protobuf") {
    throw new Error(`schema ${schema.name} is encoded as "${schema.encoding}"`);
  }
  const set = descriptor.FileDescriptorSet.decode(schema.data);
  const type = protobuf.Root.fromDescriptor(set).lookupType(schema.name);
  return (data) => {
    const message = type.decode(data);
    if (!Buffer.from(type.encode(message).finish()).equals(Buffer.from(data))) {
      throw new Error(`a ${schema.name} does not encode to the bytes it was decoded from`);
    }
    return message;
  };
}

class Tally {
  decoders = new Map();
  topics = new Map();
  schemas = new Map();
  channels = new Map();

  take(message) {
    const channel = this.channels.get(message.channelId);
    if (!this.decoders.has(channel.schemaId)) {
      this.decoders.set(channel.schemaId, decoder(this.schemas.get(channel.schemaId)));
    }
    const decoded = this.decoders.get(channel.schemaId)(message.data);
    if (channel.topic.startsWith("/log/")) {
      return; // what the log says of itself has no number
    }
    const seq = (decoded.received ?? decoded.cause).seq;
    const before = this.topics.get(channel.topic) ?? { count: 0 };
    this.topics.set(channel.topic, { count: before.count + 1, seq: seq.toString() });
  }

  toString() {
    return [...this.topics]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([topic, { count, seq }]) => `${topic} ${count} ${seq}\n`)
      .join("");
  }
}

async function readByIndex() {
  const readable = {
    size: async () => BigInt(bytes.length),
    read: async (offset, size) => bytes.subarray(Number(offset), Number(offset + size)),
  };
  const reader = await McapIndexedReader.Initialize({ readable });
  const tally = new Tally();
  tally.schemas = reader.schemasById;
  tally.channels = reader.channelsById;
  let messages = 0n;
  for await (const message of reader.readMessages({ validateCrcs: true })) {
    tally.take(message);
    messages++;
  }
  if (reader.statistics?.messageCount !== messages) {
    throw new Error(`the index says ${reader.statistics?.messageCount} messages, not ${messages}`);
  }
  for await (const metadata of reader.readMetadata({ name: "skywitness.segment" })) {
    tally.segment = metadata.metadata.get("format");
  }
  if (tally.segment !== "2") {
    throw new Error("the segment's metadata is not found by the index");
  }
  return tally;
}

function readAsStream() {
  const reader = new McapStreamReader({ validateCrcs: true });
  const tally = new Tally();
  reader.append(bytes);
  for (let record; (record = reader.nextRecord()); ) {
    if (record.type === "Schema") {
      tally.schemas.set(record.id, record);
    } else if (record.type === "Channel") {
      tally.channels.set(record.id, record);
    } else if (record.type === "Message") {
      tally.take(record);
    }
  }
  if (!reader.done()) {
    throw new Error("the stream does not end as an MCAP file does");
  }
  return tally;
}

const byIndex = await readByIndex();
const asStream = readAsStream();
if (byIndex.toString() !== asStream.toString()) {
  throw new Error(`index and stream differ:\n${byIndex}\n${asStream}`);
}
process.stdout.write(byIndex.toString());
