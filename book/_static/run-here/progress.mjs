// How much of the files that Python is made of has come, in bytes as they travel.

/**
 * Count files while they load.
 *
 * sizes: { name: { raw, packed } }, bytes of a file and of the same file gzipped.
 * tell({ loaded, total }) is called when it grew. Servers differ in what they pack, so a
 * file's share is corrected when its answer comes.
 */
export function counting(sizes, tell) {
  const parts = new Map(
    Object.entries(sizes).map(([name, { raw, packed }]) => [name, { raw, sent: packed, seen: 0 }]),
  );
  const report = () => {
    let [loaded, total] = [0, 0];
    for (const { raw, sent, seen } of parts.values()) {
      loaded += (Math.min(seen, raw) / raw) * sent;
      total += sent;
    }
    tell({ loaded, total });
  };

  /** A file that came without our seeing it on its way; bytes: what travelled, where known. */
  const arrived = (name, bytes) => {
    const part = parts.get(name);
    part.sent = bytes || part.sent;
    part.seen = part.raw;
    report();
  };

  /** `fetch`, counted. The answer is read as before; its type is kept, as WebAssembly needs it. */
  const counted = (fetching) => async (what, options) => {
    const answer = await fetching(what, options);
    const part = parts.get(new URL(answer.url || what).pathname.split("/").pop());
    if (!part || !answer.ok || !answer.body) return answer;
    const packed = answer.headers.get("content-encoding");
    part.sent = packed ? Number(answer.headers.get("content-length")) || part.sent : part.raw;
    const count = new TransformStream({
      transform(chunk, out) {
        part.seen += chunk.byteLength;
        report();
        out.enqueue(chunk);
      },
    });
    const type = answer.headers.get("content-type") ?? "";
    return new Response(answer.body.pipeThrough(count), { headers: { "content-type": type } });
  };

  return { arrived, counted };
}
