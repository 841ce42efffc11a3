// Node's `ws`, as `bench.streams.others` has the servers of Python: `node others.mjs`, with `ws`
// where NODE_WS says.
import {createInterface} from "node:readline";
import {createRequire} from "node:module";

const {WebSocketServer} = createRequire(process.env.NODE_WS + "/")("ws");
const TEXT = Buffer.from("x".repeat(300));
const now = () => Number(process.hrtime.bigint()) / 1e9;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const clients = [];
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const server = new WebSocketServer({
  host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 1024,
});
server.on("connection", (client) => clients.push(client));
server.on("listening", () => say(server.address().port));
createInterface({input: process.stdin}).on("line", async (line) => {
  const round = JSON.parse(line);
  const began = now();
  let times = 0;
  while (times < (round.times_max ?? 1e6) && now() - began < round.seconds) {
    for (const client of clients.slice(0, round.sockets)) client.send(TEXT, {binary: false});
    await turn();
    times += 1;
  }
  say({times, began_s: began});
}).on("close", () => process.exit(0));
