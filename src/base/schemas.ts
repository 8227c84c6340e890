import { z } from 'zod';
import { deviceIdShape } from '@ws-connect/callback-client/internal/device-id';

export const deviceId = z
  .string()
  .regex(deviceIdShape)
  .describe('1 to 128 of A-Z a-z 0-9 . _ : - and neither . nor ..');

export const traceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('unique id of one connection');
