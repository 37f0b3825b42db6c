using Interlock.Core.Runs;

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
        Directory.GetDirectories(GoldenRun.Folder("")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_recorded_run_folds_to_the_recorded_states(string name)
    {
        var (_, definition, events, states) = GoldenRun.Read(name);
        Assert.Equal(states.Count, events.Count);
        var state = Interpreter.Start(definition, (RunEvent.RunStarted)events[0]);
        for (var i = 0; i < events.Count; i++)
        {
            if (i > 0) state = Interpreter.Advance(definition, state, events[i]);
            Assert.True(states[i] == RunHarness.Json(state), $"{name}, event {i + 1}, expected\n{states[i]}\nbut it is\n{RunHarness.Json(state)}");
        }
        Assert.True(state.Status.IsClosed());
    }

    /// <summary>
    /// The recorded events answer the commands that the interpreter issues today. What was recorded stays as it is: members that events have since
    /// come by are written to both before they are compared.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_recorded_run_is_what_its_script_does(string name)
    {
        var (_, definition, events, _) = GoldenRun.Read(name);
        Assert.Equal(events.Select(RunHarness.Json), GoldenScripts.All[name](definition).Replayed().Events.Select(RunHarness.Json));
    }

    private static void Record(string name)
    {
        var run = GoldenScripts.All[name](GoldenRun.ReadDefinition(name));
        var events = run.Events.Select(RunHarness.Json).ToArray();
        var isNews = !File.Exists(Path.Combine(GoldenRun.Folder(name), "events.jsonl")) || !events.SequenceEqual(GoldenRun.Read(name).Events.Select(RunHarness.Json));
        if (isNews) Write(name, "events.jsonl", events);
        Write(name, "state.jsonl", run.States);
    }

    private static void Write(string name, string file, IEnumerable<string> lines) =>
        File.WriteAllText(Path.Combine(GoldenRun.Folder(name), file), string.Concat(lines.Select(line => line + "\n")));
}
