/** Calls that add, order and end jobs. */
import { randomUUID } from "node:crypto";
import { UmbelError } from "#runtime/errors";
import type { Handlers } from "#runtime/protocol/contract";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import type { Database } from "./database.ts";
import { findDocument, findEntry, findOrigin } from "./job-entries.ts";
import type { JobQueue } from "./job-queue.ts";
import { jobSeries } from "./job-series.ts";
import type { QueueAnnouncer } from "./queue-announcer.ts";
import type { Runner } from "./runner.ts";
import type { ServiceSettings } from "./service-settings.ts";

export interface QueueParts {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly announcer: QueueAnnouncer;
  readonly runner: Runner;
  readonly settings: ServiceSettings;
  readonly descriptions: NodeDescriptions;
}

type QueueHandlers = Pick<Handlers, Extract<keyof Handlers, `queue.${string}`>>;

export function queueHandlers(parts: QueueParts): QueueHandlers {
  const { database, queue, announcer, runner, settings } = parts;
  return {
    "queue.state": ({ offset, limit }) => announcer.state(offset, limit),
    "queue.job": ({ job }) => findEntry(database, job),
    "queue.document": ({ job }) => findDocument(database, job),
    "queue.origin": ({ job }) => findOrigin(database, job),
    "queue.add": (request) => {
      const added = addJobs(request, parts);
      announcer.changed();
      runner.wake();
      return added;
    },
    "queue.replace": ({ job, document }) => {
      queue.replace(job, document);
      announcer.changed();
      return null;
    },
    "queue.move": ({ job, before }) => {
      queue.move(job, before);
      announcer.changed();
      return null;
    },
    "queue.cancel": ({ job }) => {
      // A job that has ended in the meantime is what was wanted.
      if (!runner.cancel(job) && !queue.remove(job)) findEntry(database, job);
      announcer.changed();
      return null;
    },
    "queue.clear": () => {
      queue.clear();
      announcer.changed();
      return null;
    },
    "queue.pause": ({ paused }) => {
      settings.paused = paused;
      announcer.changed();
      runner.wake();
      return null;
    },
  };
}

type AddRequest = Parameters<QueueHandlers["queue.add"]>[0];

function addJobs(request: AddRequest, { queue, descriptions }: QueueParts) {
  const { document, count = 1, sweep, targets, priority = 0, first = false, origin } = request;
  const items = jobSeries(document, count, sweep, descriptions);
  if (request.job !== undefined && items.length > 1) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected one job for the id "${request.job}", got ${items.length}.`,
    );
  }
  const batch = items.length > 1 || sweep !== undefined ? randomUUID() : null;
  const title = (request.title ?? document.title ?? "").slice(0, 200) || "Untitled";
  const jobs = items.map((item) => ({
    job: request.job ?? randomUUID(),
    title,
    document: item.document,
    cell: item.cell,
    targets,
    priority,
    batch,
    origin,
  }));
  queue.add(jobs, first);
  return { jobs: jobs.map(({ job }) => job), batch };
}
