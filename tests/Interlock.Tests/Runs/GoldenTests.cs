using System.Text;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Runs;

/// <summary>
/// Recorded runs: <c>Golden/case/{workflow.yaml, events.jsonl, state.jsonl}</c>, the state after each event, compared exactly. They say what
/// <see cref="LogicVersion"/> 1 does and must replay for ever. With INTERLOCK_REWRITE_GOLDEN=1 they are recorded anew from
/// <see cref="GoldenScripts"/>; the difference is to be read in review.
/// </summary>
public sealed class GoldenTests
{
    static GoldenTests()
    {
        if (Environment.GetEnvironmentVariable("INTERLOCK_REWRITE_GOLDEN") != "1") return;
        foreach (var name in GoldenScripts.All.Keys) Record(name);
    }

    public static TheoryData<string> Cases => [.. GoldenScripts.All.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_recorded_case_has_a_script() => Assert.Equal(
        GoldenScripts.All.Keys.Order(StringComparer.Ordinal),
        Directory.GetDirectories(Folder("")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_recorded_run_folds_to_the_recorded_states(string name)
    {
        var definition = Definition(name);
        var events = Lines(name, "events.jsonl").Select(line => RunJson.Deserialize<RunEvent>(Encoding.UTF8.GetBytes(line))).ToList();
        var states = Lines(name, "state.jsonl");
        Assert.Equal(states.Length, events.Count);
        var state = Interpreter.Start(definition, (RunEvent.RunStarted)events[0]);
        for (var i = 0; i < events.Count; i++)
        {
            if (i > 0) state = Interpreter.Advance(definition, state, events[i]);
            Assert.True(states[i] == RunHarness.Json(state), $"{name}, event {i + 1}, expected\n{states[i]}\nbut it is\n{RunHarness.Json(state)}");
        }
        Assert.True(state.Status.IsClosed());
    }

    /// <summary>The recorded events answer the commands that the interpreter issues today.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_recorded_run_is_what_its_script_does(string name) =>
        Assert.Equal(Lines(name, "events.jsonl"), GoldenScripts.All[name](Definition(name)).Replayed().Events.Select(RunHarness.Json));

    private static WorkflowDefinition Definition(string name)
    {
        var result = WorkflowReader.Read(File.ReadAllText(Path.Combine(Folder(name), "workflow.yaml")), name + "/workflow.yaml");
        return result.Definition ?? throw new InvalidDataException(string.Join("\n", result.Findings));
    }

    private static void Record(string name)
    {
        var run = GoldenScripts.All[name](Definition(name));
        Write(name, "events.jsonl", run.Events.Select(RunHarness.Json));
        Write(name, "state.jsonl", run.States);
    }

    private static void Write(string name, string file, IEnumerable<string> lines) =>
        File.WriteAllText(Path.Combine(Folder(name), file), string.Concat(lines.Select(line => line + "\n")));

    private static string[] Lines(string name, string file) => File.ReadAllLines(Path.Combine(Folder(name), file));

    /// <summary>In the sources, so that recording writes where review reads.</summary>
    private static string Folder(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Local.slnf"))) root = root.Parent;
        return Path.Combine(root?.FullName ?? throw new DirectoryNotFoundException("No Local.slnf above the tests."), "tests", "Interlock.Tests", "Runs", "Golden", name);
    }
}
