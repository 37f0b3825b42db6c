// Runs jq, built as WebAssembly, on the cases of standard input, {"program":TEXT,"input":TEXT} a line, and answers {"exit":CODE,"out":[TEXT…],"error":TEXT} a line.
// node reference.cjs FOLDER jq-wasm|jq-web, where FOLDER holds the package.
const [folder, name] = process.argv.slice(2);
const path = require.resolve(name, { paths: [folder] });
console.warn = () => {};

async function open() {
  delete require.cache[path];
  const module = await require(path);
  if (module.loadJq) {
    const jq = await module.loadJq();
    return (input, program) => jq.raw(input, program, ['-c']);
  }
  return (input, program) => {
    try {
      return { exitCode: 0, stdout: module.raw(input, program, ['-c']) ?? '', stderr: '' };
    } catch (e) {
      if (e.exitCode === undefined) throw e;
      return { exitCode: e.exitCode, stdout: '', stderr: e.stderr ?? '' }; // it keeps what was printed before the error to itself
    }
  };
}

// What jq says of an error, without the place: the message alone.
function message({ exitCode, stderr }) {
  if (exitCode === 0) return null;
  const said = stderr.split('\n').filter(line => !line.startsWith('["DEBUG:"')).join('\n');
  if (exitCode === 3) return said;
  const found = /^jq: error \(at [^)]*\)(?:: | \(not a string\): )([^]*)$/.exec(said);
  return found === null ? said : said.includes(') (not a string): ') ? found[1] + ' (not a string)' : found[1];
}

(async () => {
  let run = await open();
  for (const line of require('fs').readFileSync(0, 'utf8').split('\n')) {
    if (line === '') continue;
    const { program, input } = JSON.parse(line);
    let answer;
    for (let left = 2; left > 0; left--) {
      try {
        const result = run(input, program.startsWith('-') ? ' ' + program : program); // it would be read as a flag
        answer = { exit: result.exitCode, out: result.stdout.split('\n').filter(text => text !== ''), error: message(result) };
        break;
      } catch (e) {
        answer = { exit: -1, out: [], error: String(e.message ?? e) };
        run = await open(); // what has broken down, perhaps over an earlier case, is not to be asked again: a new one is, once
      }
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
})();
