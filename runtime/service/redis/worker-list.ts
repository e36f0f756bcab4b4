/** Who works: every worker says it anew every few seconds, and counts as gone when it does not. */
import type { Redis } from "ioredis";
import { WORKER_FACTS_KEY, WORKERS_KEY, type WorkerFacts } from "./task.ts";

const LIFE_MILLISECONDS = 6000;
const REPEAT_MILLISECONDS = 2000;

export interface ListedWorker {
  readonly id: string;
  readonly facts: WorkerFacts;
}

/** Says that a worker is there, until the handle is disposed. */
export async function announceWorker(
  redis: Redis,
  id: string,
  facts: WorkerFacts,
): Promise<AsyncDisposable> {
  const say = async (): Promise<void> => {
    await redis
      .multi()
      .hset(WORKER_FACTS_KEY, id, JSON.stringify(facts))
      .zadd(WORKERS_KEY, Date.now() + LIFE_MILLISECONDS, id)
      .exec();
  };
  await say();
  const timer = setInterval(() => void say().catch(() => undefined), REPEAT_MILLISECONDS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await redis.multi().zrem(WORKERS_KEY, id).hdel(WORKER_FACTS_KEY, id).exec();
    },
  };
}

export async function listWorkers(redis: Redis): Promise<ListedWorker[]> {
  const ids = await redis.zrangebyscore(WORKERS_KEY, Date.now(), "+inf");
  const gone = await redis.zrangebyscore(WORKERS_KEY, "-inf", `(${Date.now()}`);
  if (gone.length > 0)
    await redis
      .multi()
      .zrem(WORKERS_KEY, ...gone)
      .hdel(WORKER_FACTS_KEY, ...gone)
      .exec();
  if (ids.length === 0) return [];
  const facts = await redis.hmget(WORKER_FACTS_KEY, ...ids);
  return ids.flatMap((id, i) => {
    const text = facts[i];
    return typeof text === "string" ? [{ id, facts: JSON.parse(text) as WorkerFacts }] : [];
  });
}
