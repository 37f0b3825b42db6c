using System.Globalization;
using System.Text;
using Interlock.Json;

namespace Interlock.Local.Bench;

/// <summary>The outcome as a table for people and as JSON for everything else.</summary>
internal sealed record BenchReport(BenchOptions Options, JsonValue Machine, IReadOnlyList<BenchRow> Rows, JsonValue? Connect, JsonValue? Ramp, double? LoadAfter)
{
    public JsonValue ToJson()
    {
        var json = JsonValue.Object(
            ("machine", LoadAfter is { } load ? Machine.With("loadAfter", load) : Machine),
            ("rounds", Options.Rounds), ("secondsPerRound", Options.Seconds), ("payloadBytes", Options.PayloadBytes),
            ("load", "one thread and one kept-alive connection a client, blocking sockets, the next call after the answer; every answer checked"),
            ("rows", JsonValue.Array(Rows.Select(row => row.ToJson(BaselineOf(row))))));
        if (Connect is not null) json = json.With("connect", Connect);
        return Ramp is null ? json : json.With("ramp", Ramp);
    }

    public string ToTable()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Machine["processor"]?.StringOrNull()}, {Machine["processors"]} processors, {Machine["system"]?.StringOrNull()}, {Machine["runtime"]?.StringOrNull()}");
        text.AppendLine(CultureInfo.InvariantCulture, $"a 4 KiB write to the disk of the data: {Machine["syncMs"]?.AsNumber():0.000} ms; load before {Machine["loadBefore"]}, after {LoadAfter}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Options.Rounds} rounds of {Options.Seconds} s, {Options.PayloadBytes} bytes of text each way; medians over the rounds; × is against the direct row; every answer was checked");
        foreach (var clients in Options.Concurrency)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"c = {clients}");
            text.AppendLine("| target | p50 ms | × | added ms | p99 ms | × | calls/s | × | CPU ms/call | × | memory MB | × |");
            text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
            foreach (var row in Rows.Where(row => row.Clients == clients)) Append(text, row, BaselineOf(row));
        }
        if (Connect is not null) text.AppendLine().AppendLine(ConnectBench.Line(Connect));
        if (Ramp is not null) text.AppendLine().AppendLine(RampBench.Line(Ramp));
        return text.ToString();
    }

    private static void Append(StringBuilder text, BenchRow row, BenchRow direct) => text.AppendLine(
        CultureInfo.InvariantCulture,
        $"| {row.Target.Name} | {row.P50:0.000} | {row.P50 / direct.P50:0.00} | {row.P50 - direct.P50:0.000} | {row.P99:0.00} | {row.P99 / direct.P99:0.00} | {row.PerSecond:0} | {row.PerSecond / direct.PerSecond:0.00} | {row.CpuPerCall:0.000} | {row.CpuPerCall / direct.CpuPerCall:0.0} | {row.Memory / 1e6:0} | {row.Memory / direct.Memory:0.0} |");

    private BenchRow BaselineOf(BenchRow row) => Rows.First(other => other.Clients == row.Clients && other.Target.Name == row.Target.Baseline);
}
