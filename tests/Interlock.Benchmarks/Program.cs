using Interlock.Benchmarks;

// What the language costs, as Markdown tables on standard output: docs/benchmarks.md says how to read them.
// interlock-benchmarks [jq] [interpreter] [memory] [schema]; without words all of them.
(string Name, Func<IEnumerable<Table>> Run)[] parts =
[
    ("jq", JqBench.Run),
    ("interpreter", InterpreterBench.Run),
    ("memory", MemoryBench.Run),
    ("schema", SchemaBench.Run),
];
if (args.Except(parts.Select(part => part.Name)).ToList() is [var unknown, ..])
{
    Console.Error.WriteLine($"'{unknown}' is none of {string.Join(", ", parts.Select(part => part.Name))}.");
    return 2;
}
Console.WriteLine(Measure.Machine());
foreach (var (name, run) in parts)
{
    if (args.Length > 0 && !args.Contains(name)) continue;
    foreach (var table in run()) Console.WriteLine(table);
}
Console.WriteLine(Measure.Machine());
return 0;
