// How many files a project has in each group: the server's count, and what only this page knows of yet.

import { get } from "./api.js";
import { groupOf, groups } from "./rows.js";

export class Counts {
  constructor(changed) {
    this.changed = changed;
    this.clear("");
  }

  clear(project) {
    this.project = project;
    this.states = {};
    this.at = ""; // of the last change that is counted
  }

  async load() {
    const { project } = this;
    const answer = await get(`/projects?project_id=${project}`).catch(() => null);
    const counted = answer?.projects[0];
    if (counted && project === this.project && counted.updated_at >= this.at) this.take(counted);
  }

  take({ counts, updated_at: at }) {
    this.states = counts;
    this.at = at;
    this.changed();
  }

  // {all, uploading, ...}
  byGroup(rows) {
    const sums = {};
    for (const { id, states } of groups)
      sums[id] = states.reduce((sum, state) => sum + (this.states[state] || 0), 0);
    for (const row of rows) {
      // News of a file that came from elsewhere do not say when it was created.
      const counted = row.record && (row.record.created_at ?? row.record.updated_at) <= this.at;
      if (counted && row.leaving) sums[groupOf(row)] -= 1;
      else if (counted && row.local === "error" && row.record.status === "PENDING") sums.uploading -= 1;
      else if (counted || row.leaving) continue;
      if (!row.leaving) sums[groupOf(row)] += 1;
    }
    sums.all = groups.reduce((sum, { id }) => sum + (id === "all" ? 0 : Math.max(0, sums[id])), 0);
    return sums;
  }
}
