// node parse.mjs TOOLS FILE…: one line FILE:LINE:COLUMN: what, for every place that the Bicep grammar can't parse.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [tools, ...files] = process.argv.slice(2);
const { Parser, Language } = createRequire(join(tools, 'package.json'))('web-tree-sitter');
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(join(tools, 'node_modules', 'tree-sitter-bicep', 'tree-sitter-bicep.wasm')));

for (const file of files) {
  // The grammar is older than extension declarations.
  const text = readFileSync(file, 'utf8').replace(/^extension \w+$/gm, '');
  const report = node => {
    if (node.type === 'ERROR' || node.isMissing)
      console.log(`${file}:${node.startPosition.row + 1}:${node.startPosition.column + 1}: ${node.isMissing ? 'missing ' + node.type : 'error'}`);
    if (node.hasError) node.children.forEach(report);
  };
  report(parser.parse(text).rootNode);
}
console.log(`parsed ${files.length}`);
