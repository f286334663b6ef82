// ding-dong: prints its port, and serves the standard call.
"use strict";

const AGIServer = require("../build/node_modules/ding-dong");

async function demo(context) {
  const variables = await context.onEvent("variables");
  const caller = variables.agi_callerid;
  await context.answer();
  await context.streamFile("demo-thanks", "12");
  for (let number = 0; number < 4; number++) {
    await context.setVariable(`V${number}`, caller);
    await context.getVariable(`V${number}`);
  }
  await context.hangup();
  await context.end();
}

// A port of 0 is its default, so it is told a free one.
const finder = require("net").createServer().listen(0, "127.0.0.1", () => {
  const { port } = finder.address();
  finder.close(() => {
    const server = new AGIServer(demo).start(port, "127.0.0.1");
    server.on("listening", () => console.log(port));
  });
});
