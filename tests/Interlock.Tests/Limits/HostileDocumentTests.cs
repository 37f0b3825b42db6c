using System.Text;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Limits;

/// <summary>Documents up to what is read (1 MiB, 200 levels, 100,000 nodes, 1,000 tasks) that try to cost more than they are worth: reading ends, and what it allocates is bounded.</summary>
public sealed class HostileDocumentTests
{
    private const long MostAllocated = 400L * 1024 * 1024;

    private const string Head =
        """
        document: { dsl: 1.0.3, namespace: t, name: doc, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: PT1H }

        """;

    private static readonly Dictionary<string, Func<string>> Readable = new()
    {
        ["a document of nearly 1 MiB"] = () => Do(Repeat(1_000, i => $"  - t{i}: {{ set: {{ x: '{new string('x', 1_000)}' }} }}\n")),
        ["40,000 expressions"] = () => Do($"  - t: {{ set: {{ x: [{Repeat(40_000, _ => "'${ .a }',")}] }} }}\n"),
        ["65 tasks in one another"] = () => Do($"  - a: {Nested(65)}\n"),
        ["190 arrays in one another"] = () => Do($"  - t: {{ set: {{ x: {new string('[', 190)}1{new string(']', 190)} }} }}\n"),
        ["closures that double"] = () => Expression($"def d(f): f, f; {Repeat(60, _ => "d(")}.a{new string(')', 60)}"),
        ["closures of closures that double"] = () => Expression($"def g0(f): f; {Repeat(40, i => $"def g{i + 1}(f): g{i}(g{i}(f)); ")}g40(.a)"),
        ["a large enum"] = () => Schema($"{{ enum: [{Repeat(90_000, i => $"{i},")}] }}"),
        ["a chain of references"] = () => Schema($"{{ $ref: '#/$defs/d0', $defs: {{ {Repeat(15_000, i => $"d{i}: {{ $ref: '#/$defs/d{i + 1}' }}, ")} d15000: true }} }}"),
        ["500 tasks that lead anywhere"] = () => Do(Repeat(500, i => $"  - t{i}: {{ switch: [ {{ a: {{ when: .a, then: t{i * 7 % 500} }} }}, {{ b: {{ then: t{i * 13 % 500} }} }} ] }}\n")),
        ["a fork of 990 branches"] = () => Do($"  - f: {{ fork: {{ branches: [ {Repeat(990, i => $"{{ b{i}: {{ set: {{ x: 1 }} }} }}, ")} ] }} }}\n"),
    };

    private static readonly Dictionary<string, Func<string>> Refused = new()
    {
        ["larger than 1 MiB"] = () => Do($"  - t: {{ set: {{ x: '{new string('x', 1024 * 1024)}' }} }}\n"),
        ["deeper than 200 levels"] = () => Do($"  - a: {Nested(70)}\n"),
        ["more than 100,000 nodes"] = () => Do($"  - t: {{ set: {{ x: [{Repeat(100_000, _ => "1,")}] }} }}\n"),
        ["more than 1,000 tasks"] = () => Do(Repeat(1_001, i => $"  - t{i}: {{ set: {{ x: 1 }} }}\n")),
        ["brackets in an expression"] = () => Expression(new string('[', 400_000) + new string(']', 400_000)),
        ["conditions in an expression"] = () => Expression(Repeat(20_000, _ => "if . then ") + "1" + Repeat(20_000, _ => " else 1 end")),
        ["strings in an expression's strings"] = () => Expression(Repeat(50_000, _ => "\"\\(") + "1" + Repeat(50_000, _ => ")\"")),
        ["minus signs"] = () => Expression(new string('-', 400_000) + "1"),
        ["definitions in definitions"] = () => Expression(Repeat(30_000, i => $"def f{i}: ") + "1" + Repeat(30_000, _ => "; .")),
        ["many patterns"] = () => Schema($"{{ allOf: [ {Repeat(15_000, i => $"{{ pattern: 'x{i}' }}, ")} true ] }}"),
        ["large patterns"] = () => Schema($"{{ allOf: [ {Repeat(8_000, i => $"{{ pattern: '^.{{600}}y{i}$' }}, ")} true ] }}"),
        ["patterns of many schemas"] = () => Do(Repeat(900, i => $"  - t{i}: {{ set: {{ x: 1 }}, input: {{ schema: {{ document: {{ pattern: '^.{{600}}y{i}$' }} }} }} }}\n")),
    };

    public static TheoryData<string> ReadableNames => [.. Readable.Keys];

    public static TheoryData<string> RefusedNames => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(ReadableNames))]
    public void Read_LargeAndAllowed_IsRead(string name) => Assert.DoesNotContain(Bounded(Readable[name]()).Findings, finding => finding.Severity == Severity.Error);

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void Read_TooMuch_IsRefusedWithAReason(string name)
    {
        var read = Bounded(Refused[name]());

        Assert.Null(read.Definition);
        Assert.All(read.Findings, finding => Assert.InRange(finding.Message.Length, 20, 500));
    }

    private static WorkflowReadResult Bounded(string text)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = WorkflowReader.Read(text, "hostile.yaml");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        return read;
    }

    private static string Do(string tasks) => $"{Head}do:\n{tasks}";

    private static string Expression(string source) => Do($"  - t: {{ set: {{ x: '${{ {source} }}' }} }}\n");

    private static string Schema(string schema) => $"{Head}input: {{ schema: {{ document: {schema} }} }}\ndo:\n  - t: {{ set: {{ x: 1 }} }}\n";

    private static string Nested(int levels) =>
        Enumerable.Range(0, levels).Aggregate("{ set: { x: 1 } }", (inner, i) => $"{{ do: [ {{ n{i}: {inner} }} ] }}");

    private static string Repeat(int times, Func<int, string> part)
    {
        var text = new StringBuilder();
        for (var i = 0; i < times; i++) text.Append(part(i));
        return text.ToString();
    }
}
