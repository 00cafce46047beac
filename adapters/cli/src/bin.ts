#!/usr/bin/env node
import { main } from './main.js';

const code = await main(process.argv);
// Worker threads of an engine would keep the process; what was written is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
