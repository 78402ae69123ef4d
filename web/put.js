// One PUT to the object endpoint, with progress: what fetch cannot tell and XMLHttpRequest can.

export class PutError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status; // 0: no answer
    this.retryAfter = retryAfter;
  }

  get expired() {
    return this.status === 403 && this.message.includes("Request has expired");
  }

  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const forbidden = new Set(["content-length", "host"]); // the browser writes these itself

function messageOf(request) {
  const xml = new DOMParser().parseFromString(request.responseText, "application/xml");
  return xml.querySelector("Message")?.textContent || `The object store answered ${request.status}.`;
}

// Answers a promise; `signal` aborts it.
export function put(url, headers, blob, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers))
      if (!forbidden.has(name.toLowerCase())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      reject(new PutError(request.status, messageOf(request), Number(request.getResponseHeader("Retry-After")) || 0));
    };
    request.onerror = () => reject(new PutError(0, "The object store does not answer."));
    request.onabort = () => reject(new DOMException("Paused", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(blob);
  });
}
