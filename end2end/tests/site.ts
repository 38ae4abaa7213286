// A server and a database of a spec's own, for what would stand in the way of other specs: an announced price, another day.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from '@playwright/test';
import { test as base, hasScript, watch } from './scrip';

/** What the specs got from `cargo xtask e2e`. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the specs by \`cargo xtask e2e\``);
  return value;
}

/** A session of PostgreSQL: for what can't be brought about through the server. */
export class Database {
  private received = Buffer.alloc(0);
  private constructor(
    private socket: Socket,
    private password: string,
  ) {}

  static async open(address: string): Promise<Database> {
    const { hostname, port, username, password, pathname } = new URL(address);
    const session = new Database(connect(Number(port), hostname), decodeURIComponent(password));
    await once(session.socket, 'connect');
    const hello = ['user', decodeURIComponent(username), 'database', pathname.slice(1), ''].join('\0');
    session.send('', Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${hello}\0`)]));
    await session.ready();
    return session;
  }

  /** Runs a statement, and waits until it is done. */
  async run(sql: string): Promise<void> {
    this.send('Q', Buffer.from(`${sql}\0`));
    await this.ready();
  }

  close() {
    this.socket.destroy();
  }

  private send(kind: string, body: Buffer) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    this.socket.write(Buffer.concat([Buffer.from(kind), length, body]));
  }

  /** Reads messages until the server waits for the next statement. */
  private async ready(): Promise<void> {
    let failure = '';
    for (;;) {
      while (this.received.length < 5 || this.received.length < 1 + this.received.readInt32BE(1)) {
        const [chunk] = await once(this.socket, 'data');
        this.received = Buffer.concat([this.received, chunk]);
      }
      const end = 1 + this.received.readInt32BE(1);
      const [kind, body] = [String.fromCharCode(this.received[0]), this.received.subarray(5, end)];
      this.received = this.received.subarray(end);
      if (kind === 'R' && body.readInt32BE() === 3) this.send('p', Buffer.from(`${this.password}\0`));
      if (kind === 'E') failure = body.toString().replaceAll('\0', ' ');
      if (kind === 'E' && failure.includes('FATAL')) throw new Error(failure);
      if (kind === 'Z' && failure) throw new Error(failure);
      if (kind === 'Z') return;
    }
  }
}

/** A server with the demo in it. */
export class Site {
  private constructor(
    readonly url: string,
    readonly database: string,
    private server: ChildProcess,
    private environment: NodeJS.ProcessEnv,
    private folder: string,
  ) {}

  /** Starts one on an empty database: with the demo's catalog, or with that of a file; with settings and a log of its own. */
  static async open(catalog?: string, settings: NodeJS.ProcessEnv = {}, log?: string): Promise<Site> {
    const name = `scrip_spec_${process.pid}_${Date.now()}`;
    const admin = await Database.open(setting('DATABASE_URL'));
    await admin.run(`CREATE DATABASE ${name}`);
    admin.close();
    const address = new URL(setting('DATABASE_URL'));
    address.pathname = `/${name}`;
    const folder = mkdtempSync(join(tmpdir(), 'scrip-spec-'));
    const own = { DATABASE_URL: address.href, HOST: '127.0.0.1', PORT: '0', SCRIP_DATA_DIR: folder };
    const environment = { ...process.env, ...own, SCRIP_MODE: 'development', SCRIP_DEMO: 'true', SCRIP_DEMO_DAYS: '0', ...settings };
    if (catalog) {
      for (const line of [['migrate'], ['preset', 'load', catalog]]) execFileSync(setting('SCRIP_BIN'), line, { env: environment, stdio: 'ignore' });
    }
    const server = spawn(setting('SCRIP_BIN'), ['serve'], { env: environment, stdio: ['ignore', 'pipe', log ? openSync(log, 'a') : 'ignore'] });
    for await (const line of createInterface({ input: server.stdout })) {
      const url = line.match(/^Scrip serves (http\S+)/)?.[1];
      if (!url) continue;
      server.stdout.resume();
      return new Site(url, address.href, server, environment, folder);
    }
    throw new Error('the server of the spec did not start');
  }

  /** A page on this server, in a browser of its own. */
  async page(browser: Browser, complaints: string[], refused: RegExp[] = []): Promise<Page> {
    const context = await browser.newContext({ baseURL: this.url, locale: 'en-US', javaScriptEnabled: hasScript() });
    const page = await context.newPage();
    watch(page, complaints, refused);
    return page;
  }

  /** Moves its clock: `31d`. */
  advance(by: string) {
    execFileSync(setting('SCRIP_BIN'), ['clock', 'advance', by], { env: this.environment });
  }

  /** Makes a service key that may spend, as staff do for the platform's backend. */
  serviceKey(name: string): string {
    const line = ['service-key', 'create', '--name', name, '--scope', 'spend:write'];
    const told = execFileSync(setting('SCRIP_BIN'), line, { env: this.environment }).toString();
    const key = told.match(/\S+_service_\S+/)?.[0];
    if (!key) throw new Error(`no service key in ${told}`);
    return key;
  }

  /** Makes redemption codes of 100 credits, one for an account, as staff do. */
  codes(count: number): string[] {
    const line = ['codes', 'make', '--credits', '100', '--count', String(count), '--expires', '2099-12-31', '--label', 'Spring', '--reason', 'a spec'];
    return execFileSync(setting('SCRIP_BIN'), line, { env: this.environment }).toString().trim().split('\n');
  }

  async close() {
    const ended = once(this.server, 'exit');
    this.server.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const test = base.extend<object, { site: Site }>({
  site: [
    async ({}, use) => {
      const site = await Site.open();
      await use(site);
      await site.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});
export { expect } from './scrip';
