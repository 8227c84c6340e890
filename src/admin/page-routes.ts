/**
 * The operator page, on the admin listener.
 *
 *   GET /             the page
 *   GET /page/FILE    its style sheet, icon and modules, which the build puts into page/ beside this file
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type Router from '@koa/router';
import type { Context } from 'koa';
import { createRouter } from '../http/operation.ts';
import { pageOperations } from './page-operations.ts';

interface PageFile {
  type: string;
  body: Buffer;
  etag: string;
}

const folder = new URL('./page/', import.meta.url);
const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Nothing comes from elsewhere, nothing is inline, nobody frames it, and where it links to does not learn of it. */
const headers = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export function pageRoutes(): Router {
  let reading: Promise<Map<string, PageFile>> | undefined;

  /** Reads the files once, since few pods are ever looked at. What could not be read is tried again with the next request. */
  const read = () =>
    (reading ??= readFiles().catch((error: unknown) => {
      reading = undefined;
      throw error;
    }));

  const serve = async (ctx: Context, name: string): Promise<void> => {
    const file = (await read()).get(name);
    if (!file) return; // 404
    ctx.set({ ...headers, 'Cache-Control': 'no-cache', ETag: file.etag });
    ctx.status = 200; // freshness counts for a success alone
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.type = file.type;
    ctx.body = file.body;
  };

  return createRouter(pageOperations, {
    page: (ctx) => serve(ctx, 'index.html'),
    pageFile: (ctx) => serve(ctx, ctx.params['file'] ?? ''),
  });
}

async function readFiles(): Promise<Map<string, PageFile>> {
  const names = (await readdir(folder)).filter((name) => extensionOf(name) in types);
  const read = async (name: string): Promise<[string, PageFile]> => {
    const body = await readFile(new URL(name, folder));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return [name, { type: types[extensionOf(name)]!, body, etag }];
  };
  return new Map(await Promise.all(names.map(read)));
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
