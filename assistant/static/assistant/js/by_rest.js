// Drafts where no websocket opens: asked for over REST, followed as server-sent events. It takes and tells what the
// socket does, so whoever talks to that one sees no difference.
const AGAIN = 3_000;
const COMPOSED = ["reply", "translation"];
const UNSENT = ["streaming", "done", "stopped", "interrupted", "failed"];

export class ByRest {
  #tell;
  #ticketId;
  #form;
  #on = false;
  #wanted = false;
  #knock = 0;
  #streams = new Map(); // draft -> {source, text}

  constructor(ticketId, form, tell) {
    this.#ticketId = ticketId;
    this.#form = form;
    this.#tell = (type, frame) => { if (this.#on || type === "error") tell(type, frame); };
  }

  get on() {
    return this.#on;
  }

  open() {
    this.#wanted = true;
    clearTimeout(this.#knock);
    this.#reach();
  }

  close() {
    this.#on = this.#wanted = false;
    clearTimeout(this.#knock);
    for (const { source } of this.#streams.values()) source.close();
    this.#streams.clear();
  }

  // Where the server is away altogether there is no connection by REST either: it is open once there is an answer.
  async #reach() {
    const answer = await fetch("/api/v1/me/").catch(() => null);
    if (!this.#wanted || this.#on) return;
    if (!answer || answer.status >= 500) {
      this.#knock = setTimeout(() => this.#reach(), AGAIN);
      return;
    }
    this.#on = true;
    this.#tell("open", {});
    if (!this.#streams.size) this.#findLatest();
  }

  // False for what only a socket can carry.
  send({ type, draft, ...wish }) {
    if (!this.#on || !type.startsWith("draft.")) return false;
    if (type === "draft.start") this.#start(wish);
    else if (type === "draft.resume") this.#follow(draft);
    else this.#ask(`drafts/${draft}/${type === "draft.stop" ? "stop" : "discard"}/`, {});
    return true;
  }

  async #start(wish) {
    const draft = await this.#ask(`tickets/${this.#ticketId}/drafts/`, wish);
    if (!draft) return;
    this.#tell("draft.started", { draft: draft.id, kind: draft.kind, model: draft.model, sources: draft.sources });
    if (this.#on) this.#follow(draft.id);
  }

  // The answer, or null after the page was told why there is none.
  async #ask(path, body) {
    const error = { code: "unreached", message: document.getElementById("draft-panel").dataset.unreached };
    try {
      const answer = await fetch(`/api/v1/${path}`, body && {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.#form.elements.csrfmiddlewaretoken.value },
        body: JSON.stringify(body),
      });
      const said = await answer.json();
      if (answer.ok) return said;
      if (answer.status === 401) this.#end(4401);
      Object.assign(error, { code: said.code, message: said.detail });
    } catch { /* no answer, or none of ours */ }
    this.#tell("error", { error });
    return null;
  }

  #follow(draft) {
    this.#streams.get(draft)?.source.close();
    const source = new EventSource(`/api/v1/drafts/${draft}/stream/`);
    const stream = { source, text: "" };
    this.#streams.set(draft, stream);
    const pass = (event) => this.#pass(stream, JSON.parse(event.data));
    for (const type of ["waiting", "delta", "snapshot", "done", "failed"]) source.addEventListener(`draft.${type}`, pass);
    source.addEventListener("error", () => { // it connects again by itself unless it was refused
      if (source.readyState === EventSource.CLOSED) this.#retry(draft, stream);
    });
  }

  #pass(stream, frame) {
    const { type, draft, seq, since, text } = frame;
    if (type === "draft.snapshot") stream.text = text;
    if (type === "draft.delta") stream.text += text;
    if (type === "draft.done" || type === "draft.failed") {
      stream.source.close();
      this.#streams.delete(draft);
    }
    // What stands for several deltas is told as all the text there is.
    if (since === undefined) this.#tell(type, frame);
    else this.#tell("draft.snapshot", { type: "draft.snapshot", draft, seq, text: stream.text });
  }

  async #retry(draft, stream) {
    if (this.#streams.get(draft) !== stream) return;
    const answer = await fetch(`/api/v1/drafts/${draft}/`).catch(() => null);
    if (answer?.status === 401) this.#end(4401);
    else if (answer?.status === 404) this.#end(4404);
    else setTimeout(() => { if (this.#streams.get(draft) === stream) this.#follow(draft); }, AGAIN);
  }

  #end(code) {
    this.#tell("lost", { code, final: true });
    this.close();
  }

  // The last draft of this person, as the socket offers it to a page that opens.
  async #findLatest() {
    const [me, drafts] = await Promise.all([this.#ask("me/"), this.#ask(`tickets/${this.#ticketId}/drafts/`)]);
    const own = drafts?.find(({ author, kind }) => author === me?.id && COMPOSED.includes(kind));
    if (!own || !UNSENT.includes(own.state) || !(own.text || own.state === "streaming")) return;
    this.#tell("draft.latest", { ...own, draft: own.id });
  }
}
