// node validate.mjs TOOLS SCHEMA FILE…: one line for each document, "valid" or where it does not fit the schema.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [tools, schema, ...files] = process.argv.slice(2);
const require = createRequire(join(tools, 'package.json'));
const Ajv = require('ajv/dist/2020.js').default;
const { parse } = require('yaml');

// The DSL's schema is written for validators that look past keywords and formats they don't know.
const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(schema, 'utf8')));
for (const file of files)
  console.log(validate(parse(readFileSync(file, 'utf8'))) ? 'valid' : `${validate.errors[0].instancePath}: ${validate.errors[0].message}`);
