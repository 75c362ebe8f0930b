// Reads what an exported MCAP file shows on a map, by its index and with nothing but stock
// libraries and the descriptors in the file: a line "LON LAT ALT SECONDS SIGMA_EAST" for each
// foxglove.LocationFix, one "TOPIC FEATURES" for each foxglove.GeoJSON, and "log N" at the end, N
// being the number of all other messages.
import { readFile } from "node:fs/promises";
import { McapIndexedReader } from "@mcap/core";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

const bytes = await readFile(process.argv[2]);
const readable = {
  size: async () => BigInt(bytes.length),
  read: async (offset, size) => bytes.subarray(Number(offset), Number(offset + size)),
};
const reader = await McapIndexedReader.Initialize({ readable });
const types = new Map();
let others = 0;

function decode(schema, data) {
  if (!types.has(schema.id)) {
    const set = descriptor.FileDescriptorSet.decode(schema.data);
    types.set(schema.id, protobuf.Root.fromDescriptor(set).lookupType(schema.name));
  }
  return types.get(schema.id).decode(data);
}

for await (const message of reader.readMessages({ validateCrcs: true })) {
  const channel = reader.channelsById.get(message.channelId);
  const schema = reader.schemasById.get(channel.schemaId);
  const value = decode(schema, message.data);
  if (schema.name === "foxglove.LocationFix") {
    const { longitude, latitude, altitude, timestamp, position_covariance: covariance } = value;
    if (covariance.length !== 9 || value.position_covariance_type !== 3) {
      throw new Error("a fix lacks its covariance");
    }
    if (BigInt(timestamp.seconds) * 1000000000n + BigInt(timestamp.nanos) !== message.logTime) {
      throw new Error("a fix is not logged at its own time");
    }
    const sigma = Math.sqrt(covariance[0]);
    console.log(`${longitude} ${latitude} ${altitude} ${timestamp.seconds} ${sigma}`);
  } else if (schema.name === "foxglove.GeoJSON") {
    console.log(`${channel.topic} ${JSON.parse(value.geojson).features.length}`);
  } else {
    others++;
  }
}
console.log(`log ${others}`);
