using System.Diagnostics;
using System.Globalization;
using System.Text;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Benchmarks;

/// <summary>
/// Programs over a stream of orders: parsed once and evaluated for each, beside the <c>jq</c> binary that reads the same stream. Both read text and
/// write text; a program whose outputs differ says so.
/// </summary>
internal static class JqBench
{
    private const int Inputs = 20_000;

    private static readonly string[] Programs =
    [
        ".",
        ".id",
        "{id, total: ([.lines[] | .price * .quantity] | add)}",
        "select(.status == \"open\") | .customer.name",
        ".lines | group_by(.sku) | map({sku: .[0].sku, quantity: (map(.quantity) | add)})",
        ".lines |= map(select(.quantity > 1)) | del(.note)",
        "[.. | numbers] | add",
        "with_entries(select(.value | type == \"string\"))",
        ".customer.email | test(\"^[a-z]+[0-9]*@[a-z.]+$\")",
        "\"\\(.id): \\(.lines | length) lines for \\(.customer.name | ascii_upcase)\"",
    ];

    public static IEnumerable<Table> Run()
    {
        var orders = Enumerable.Range(0, Inputs).Select(Order).ToList();
        var file = Path.GetTempFileName();
        File.WriteAllLines(file, orders);
        var lines = orders.ConvertAll(Encoding.UTF8.GetBytes);
        var values = lines.ConvertAll(line => StrictJson.ParseLenient(line));
        var table = new Table(
            $"jq: inputs per processor second, {Inputs} orders of about {Measure.Bytes(lines.Average(line => line.Length))}", "program", "Interlock", "jq", "ratio", "evaluation alone", "outputs");
        foreach (var source in Programs)
        {
            var program = JqProgram.Parse(source);
            var theirs = "";
            var seconds = Measure.Seconds(() => Text(program, lines));
            var alone = Measure.Seconds(() => Evaluate(program, values));
            double? jq = Has() ? Measure.Median(() => Jq(source, file, out theirs)) : null;
            table.Add(
                $"`{source.Replace("|", "\\|", StringComparison.Ordinal)}`", Measure.Text(Inputs / seconds), jq is null ? "absent" : Measure.Text(Inputs / jq.Value),
                jq is null ? "" : Measure.Text(jq.Value / seconds), Measure.Text(Inputs / alone), jq is null ? "" : Text(program, lines) == theirs ? "the same" : "differ");
        }
        File.Delete(file);
        yield return table;
    }

    private static string Order(int n) => JsonValue.Object(
        ("id", $"order-{n}"), ("status", n % 3 == 0 ? "open" : "closed"), ("note", "leave at the door, ring twice"),
        ("customer", JsonValue.Object(("name", $"Customer {n % 97}"), ("email", $"customer{n % 97}@example.com"), ("since", 2000 + n % 25))),
        ("lines", JsonValue.Array(Enumerable.Range(0, 1 + n % 6).Select(line => JsonValue.Object(
            ("sku", $"sku-{(n + line * line) % 4}"), ("quantity", 1 + line % 3), ("price", 0.25 * (1 + (n + line) % 40))))))).ToString();

    private static string Text(JqProgram program, List<byte[]> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
            foreach (var output in program.Evaluate(StrictJson.ParseLenient(line), JqScope.Empty)) text.Append(output).Append('\n');
        return text.ToString();
    }

    private static void Evaluate(JqProgram program, List<JsonValue> values)
    {
        foreach (var value in values)
            foreach (var output in program.Evaluate(value, JqScope.Empty)) GC.KeepAlive(output);
    }

    private static bool Has() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "jq")));

    /// <summary>The processor seconds that it took, as a shell counts those of its children.</summary>
    private static double Jq(string source, string file, out string output)
    {
        var start = new ProcessStartInfo("bash", ["-c", "jq -c \"$1\" \"$2\" && times >&2", "bash", source, file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        output = process.StandardOutput.ReadToEnd();
        var times = process.StandardError.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"jq ended with {process.ExitCode}: {string.Join(' ', times)}");
        return times[1].Split(' ').Sum(Seconds); // the second line is of the children: user and system
    }

    /// <summary>Of a time such as 0m1.234s.</summary>
    private static double Seconds(string time)
    {
        var parts = time.TrimEnd('s').Split('m');
        return double.Parse(parts[0], CultureInfo.InvariantCulture) * 60 + double.Parse(parts[1], CultureInfo.InvariantCulture);
    }
}
