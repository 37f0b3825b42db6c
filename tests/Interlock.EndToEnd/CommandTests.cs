using Interlock.Json;

namespace Interlock.EndToEnd;

public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("interlock-commands-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Run_Completed_PrintsTheOutputAndExits0()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: sum, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { minutes: 1 } }
            do:
              - add: { set: { total: '${ [.[]] | add }' } }
              - pause: { wait: { milliseconds: 20 } }
            """);

        var (exit, output, errors) = await InterlockProcess.RunAsync("run", file, "--input", "[1,2,39]", "--as", "ana");

        Assert.True(exit == 0, errors);
        Assert.Equal(JsonValue.Object(("total", 42)), StrictJson.Parse(output));
    }

    [Fact]
    public async Task Run_Failed_PrintsAProblemOnStderrAndExits1()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: fails, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { minutes: 1 } }
            do:
              - stop: { raise: { error: { type: 'https://example.com/errors/no', status: 418, title: No } } }
            """);

        var (exit, output, errors) = await InterlockProcess.RunAsync("run", file);

        Assert.Equal(1, exit);
        Assert.Equal("", output);
        var problem = StrictJson.Parse(errors);
        Assert.Equal("https://example.com/errors/no", problem["type"]?.AsString());
        Assert.Equal(418, problem["status"]?.AsNumber());
        Assert.Equal("/do/0/stop", problem["instance"]?.AsString());
    }

    [Fact]
    public async Task Run_GovernedCallWithoutARegistry_IsRefusedNotMade()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: calls, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { minutes: 1 } }
            do:
              - apply: { call: tool, with: { tool: remediation/apply, arguments: {} } }
            """);

        var (exit, _, errors) = await InterlockProcess.RunAsync("run", file);

        Assert.Equal(1, exit);
        Assert.Equal("unknown-tool", StrictJson.Parse(errors)["rule"]?.AsString());
    }

    [Fact]
    public async Task Check_Mistakes_AreListedByLineAndExit1()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: bad, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { minutes: 1 } }
            do:
              - first: { set: { a: 1 }, then: nowhere }
            """);

        var (exit, output, _) = await InterlockProcess.RunAsync("check", file);
        var (jsonExit, json, _) = await InterlockProcess.RunAsync("check", file, "--json");

        Assert.Equal(1, exit);
        Assert.StartsWith($"{file}:4: then-target: ", output, StringComparison.Ordinal);
        Assert.Equal(1, jsonExit);
        var checkedDocument = Assert.Single(StrictJson.Parse(json).Items);
        Assert.Equal("then-target", Assert.Single(checkedDocument["findings"]!.Items)["rule"]?.AsString());
        Assert.Equal([true, true, true, false, true], checkedDocument["readiness"]!["answers"]!.Items.Select(answer => answer["passed"]!.AsBoolean()));
    }

    [Fact]
    public async Task Check_Registry_NamesWhatIsNotThere()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: calls, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { minutes: 1 } }
            do:
              - apply: { call: tool, with: { tool: remediation/aply } }
            """);
        var data = Path.Combine(_folder, "data");

        var (noData, _, _) = await InterlockProcess.RunAsync("check", file, "--data", data);
        await InterlockProcess.RunAsync("audit", "export", "--data", data);
        var (exit, output, _) = await InterlockProcess.RunAsync("check", file, "--data", data);
        var (unasked, _, _) = await InterlockProcess.RunAsync("check", file);

        Assert.Equal((2, 1, 0), (noData, exit, unasked));
        Assert.StartsWith($"{file}:4: target: There is no tool 'remediation/aply'", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check", "--bogus")]
    [InlineData("jq", "-r")]
    public async Task Command_UnknownOption_IsSaidAndExits2(string command, string option)
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("1", command, option, ".");

        Assert.Equal(2, exit);
        Assert.Equal("", output);
        Assert.Contains($"There is no option {option}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_Schema_IsPrinted()
    {
        var (exit, output, _) = await InterlockProcess.RunAsync("check", "--schema");

        Assert.Equal(0, exit);
        Assert.NotNull(StrictJson.Parse(output)["$defs"]?["dsl"]);
    }

    [Fact]
    public async Task Run_DocumentOfTheStandard_SaysWhatItLacksAndRuns()
    {
        var file = Write("""
            document: { dsl: 1.0.3, namespace: t, name: plain, version: 1.0.0 }
            do:
              - keep: { set: { kept: '${ .x }' } }
            """);

        var (checkedExit, _, _) = await InterlockProcess.RunAsync("check", file);
        var (exit, output, errors) = await InterlockProcess.RunAsync("run", file, "--input", """{"x": 1}""");

        Assert.Equal((1, 0), (checkedExit, exit));
        Assert.Equal(StrictJson.Parse("""{"kept": 1}"""), StrictJson.Parse(output));
        Assert.Contains("can't be published", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("document: [")]
    [InlineData("")]
    [InlineData("a: &x [1]\nb: *x")]
    public async Task Run_MalformedDocument_IsAProblemNotACrash(string text)
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("run", Write(text));

        Assert.Equal(1, exit);
        Assert.Equal("", output);
        Assert.Equal(400, StrictJson.Parse(errors)["status"]?.AsNumber());
    }

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "workflow.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
