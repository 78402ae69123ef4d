// The views behind the tabs, in order. Each module exports
//
//   view = {
//     id,     "uploads": the address is /#uploads
//     title,  on the tab: a key of the words
//     mount(context) -> element
//             called once, when the view is first opened; the element is shown and hidden by the page
//     shown?() and hidden?()
//             the tab was opened, the tab was left
//     leaving?() -> promise
//             the session is about to end: what waits is to be sent
//   }
//
// context = { config, live }: config is /console/config.json, live is the stream of live.js.

import { view as events } from "./events.js";
import { view as tasks } from "./tasks.js";
import { view as uploads } from "./uploads.js";

export const views = [uploads, tasks, events];
