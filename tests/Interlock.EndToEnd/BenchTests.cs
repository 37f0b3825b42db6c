using Interlock.Json;

namespace Interlock.EndToEnd;

/// <summary>That the benchmark runs, checks every answer and prints what it promises; what it measures in so short a time says nothing.</summary>
public sealed class BenchTests
{
    private static readonly string[] Always = ["direct, JSON", "direct, SSE", "bare .NET forwarder", "Interlock, in memory", "Interlock, durable"];

    [Fact]
    public async Task BenchGateway_ShortRounds_MeasuresEveryTargetAtEachConcurrency()
    {
        var file = Path.GetTempFileName();
        try
        {
            var (exit, output, errors) = await InterlockProcess.RunAsync(
                "bench", "gateway", "--seconds", "0.5", "--rounds", "1", "--warm-up", "0.5", "--connect", "3", "--ramp", "32", "--npm", AppContext.BaseDirectory, "--json", file);

            Assert.True(exit == 0, output + errors);
            Assert.Contains("3 upstreams: registered in", output, StringComparison.Ordinal);
            Assert.Contains("32 clients: heap", output, StringComparison.Ordinal);
            var report = StrictJson.ParseLenient(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            foreach (var target in Always)
            {
                Assert.Contains($"| {target} |", output, StringComparison.Ordinal);
                foreach (var clients in (double[])[1, 16])
                {
                    var row = Assert.Single(report["rows"]!.Items, row => row["target"]?.AsString() == target && row["clients"]?.AsNumber() == clients);
                    Assert.True(row["calls"]?.AsNumber() > 0, row.ToString());
                    Assert.True(row["ratio"]?["callsPerSecond"]?.AsNumber() > 0, row.ToString());
                }
            }
            Assert.NotNull(report["machine"]?["syncMs"]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--rounds", "0")]
    [InlineData("--payload", "5")]
    public async Task BenchGateway_OptionOutOfRange_SaysSo(string option, string value)
    {
        var (exit, _, errors) = await InterlockProcess.RunAsync("bench", "gateway", option, value);

        Assert.NotEqual(0, exit);
        Assert.Contains(option, errors, StringComparison.Ordinal);
    }
}
