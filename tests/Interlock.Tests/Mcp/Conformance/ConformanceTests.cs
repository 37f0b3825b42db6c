using Interlock.Json;

namespace Interlock.Tests.Mcp.Conformance;

/// <summary>
/// The official suite against the gateway, with a fixture server behind it: every scenario that a revision scores passes, but those named here, which need a
/// session or a request of the server's own. One that the suite only warns of is one that it did not try.
/// </summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    /// <summary>What a server without sessions can't do: ask its client during a call, and be polled for a stream.</summary>
    private static readonly string[] NeedSessions = ["elicitation-sep1034-defaults", "elicitation-sep1330-enums", "server-sse-polling", "tools-call-elicitation", "tools-call-sampling"];

    /// <summary>Of those the one that the suite does not try without a session's id, like the other that it does not try.</summary>
    private static readonly string[] Untried = ["server-sse-multiple-streams", "server-sse-polling"];

    [Fact]
    public Task Suite_Of2026July_PassesWhatIsScored() => RunAsync("2026-07-28", []);

    [Fact]
    public Task Suite_Of2025November_PassesWhatNeedsNoSession() => RunAsync("2025-11-25", NeedSessions);

    private async Task RunAsync(string revision, string[] expected)
    {
        var modules = Path.Combine(Tools.Folder("conformance"), "node_modules");
        var suite = Path.Combine(modules, "@modelcontextprotocol", "conformance");
        var scored = Scored(await File.ReadAllLinesAsync(Path.Combine(suite, "requirements", revision + ".yaml"), TestContext.Current.CancellationToken));
        var results = Directory.CreateTempSubdirectory("interlock-suite-").FullName;
        try
        {
            await using var host = await ConformanceHost.StartAsync();
            var said = await OutsideProgram.RunAsync(OutsideProgram.Node, Path.Combine(suite, "dist", "index.js"), "server", "--url", host.Address, "--requirements", revision, "--output-dir", results);
            var (passed, failed, untried) = (new List<string>(), new List<string>(), new List<string>());
            foreach (var file in Directory.EnumerateFiles(results, "checks.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                var folder = Path.GetFileName(Path.GetDirectoryName(file)!); // the file is in one
                var checks = StrictJson.ParseLenient(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)).Items.ToList();
                var failures = checks.Where(check => check["status"]!.AsString() == "FAILURE").ToList();
                var name = scored.Concat(NeedSessions).Where(known => folder.Contains(known, StringComparison.Ordinal)).MaxBy(known => known.Length) ?? folder;
                var (list, word) = failures.Count > 0 ? (failed, "FAIL") : checks.Any(check => check["status"]!.AsString() == "SUCCESS") ? (passed, "pass") : (untried, "untried");
                list.Add(name);
                output.WriteLine($"{word} {(scored.Contains(name) ? "" : "(not scored) ")}{name}");
                foreach (var check in checks.Where(check => check["status"]!.AsString() is "FAILURE" or "WARNING")) output.WriteLine($"     {check["status"]!.AsString()} {check["id"]?.StringOrNull()}: {check["errorMessage"]?.StringOrNull()}");
            }
            Assert.True(scored.All(name => passed.Contains(name) || failed.Contains(name) || untried.Contains(name)), "The suite did not run: " + said);
            Assert.Empty(failed.Where(scored.Contains).Except(expected));
            Assert.Empty(passed.Intersect(expected));
            Assert.Equal(expected.Length == 0 ? [] : Untried, untried.Intersect(scored.Concat(NeedSessions)).Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(results, recursive: true);
        }
    }

    /// <summary>The scenarios for servers that count.</summary>
    private static List<string> Scored(IEnumerable<string> requirements) =>
        [.. requirements.SkipWhile(line => line != "server:").Skip(1).TakeWhile(line => line.StartsWith("  - ", StringComparison.Ordinal)).Select(line => line[4..].Trim())];
}
