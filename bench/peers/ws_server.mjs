// The broadcast server of the README of `ws`: whatever a client sends goes to all others. It
// knows no topics, no tokens and no limits. Prints its port.

import WebSocket, { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("connection", (connection) => {
  connection.on("message", (data, isBinary) => {
    for (const client of server.clients) {
      if (client !== connection && client.readyState === WebSocket.OPEN) {
        client.send(data, { binary: isBinary });
      }
    }
  });
});

server.on("listening", () => console.log(server.address().port));
