#!/usr/bin/env node
import { main } from './main.js';

const code = await main(process.argv);
// Worker threads of an engine would keep the process. What was written is flushed first, and a failure of that is told.
process.stdout.write('', () => process.stderr.write('', () => setImmediate(() => process.exit(code))));
