// Reads a log with @mcap/core's stream reader and counts the messages; the benchmark's peer.
const fs = require("node:fs");
const { McapStreamReader } = require("@mcap/core");

const bytes = fs.readFileSync(process.argv[2]);
for (let run = 0; run < 3; run++) {
  const start = process.hrtime.bigint();
  const reader = new McapStreamReader();
  reader.append(bytes);
  let messages = 0;
  for (let record = reader.nextRecord(); record; record = reader.nextRecord()) {
    messages += record.type === "Message" ? 1 : 0;
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(`read ${messages} messages in ${seconds.toFixed(2)} s, ${Math.round(1200 / seconds)} x real time`);
}
