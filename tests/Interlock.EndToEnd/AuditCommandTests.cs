namespace Interlock.EndToEnd;

public sealed class AuditCommandTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("interlock-audit-").FullName;
    private string[] _lines = [];

    public async ValueTask InitializeAsync()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--yes", "--data", _data);
        Assert.True(exit == 0, output + errors);
        var (_, export, _) = await InterlockProcess.RunAsync("audit", "export", "--data", _data);
        _lines = export.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_data, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Verify_UntouchedExport_Exits0()
    {
        var (exit, output) = await VerifyAsync(_lines);

        Assert.Equal(0, exit);
        Assert.Contains("audit: verified", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("edited")]
    [InlineData("deleted")]
    [InlineData("inserted")]
    [InlineData("reordered")]
    [InlineData("truncated")]
    public async Task Verify_TamperedExport_NamesTheRecordAndExits1(string how)
    {
        var lines = _lines.ToList();
        var at = lines.FindIndex(line => line.Contains("\"run:", StringComparison.Ordinal)) + 3;
        switch (how)
        {
            case "edited": lines[at] = lines[at].Replace("remediation", "remediatiom", StringComparison.Ordinal).Replace("classifier", "classifler", StringComparison.Ordinal); break;
            case "deleted": lines.RemoveAt(at); break;
            case "inserted": lines.Insert(at, lines[at - 1]); break;
            case "reordered": (lines[at], lines[at + 1]) = (lines[at + 1], lines[at]); break;
            case "truncated": lines.RemoveAt(lines.FindLastIndex(line => line.Contains("\"chain\":\"run:", StringComparison.Ordinal))); break;
        }
        Assert.NotEqual(_lines, lines);

        var (exit, output) = await VerifyAsync(lines);

        Assert.Equal(1, exit);
        Assert.Contains("run:", output, StringComparison.Ordinal);
    }

    private async Task<(int Exit, string Output)> VerifyAsync(IEnumerable<string> lines)
    {
        var file = Path.Combine(_data, "export.jsonl");
        await File.WriteAllLinesAsync(file, lines, TestContext.Current.CancellationToken);
        var (exit, output, _) = await InterlockProcess.RunAsync("audit", "verify", file);
        return (exit, output);
    }
}
