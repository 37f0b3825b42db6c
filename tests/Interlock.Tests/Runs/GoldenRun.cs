using System.Text;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Runs;

/// <summary>A recorded run: its document, its events, and the state after each.</summary>
internal sealed record GoldenRun(string Name, WorkflowDefinition Definition, IReadOnlyList<RunEvent> Events, IReadOnlyList<string> States)
{
    public RunEvent.RunStarted Started => (RunEvent.RunStarted)Events[0];

    public static GoldenRun Read(string name) =>
        new(name, ReadDefinition(name), [.. Lines(name, "events.jsonl").Select(line => RunJson.Deserialize<RunEvent>(Encoding.UTF8.GetBytes(line)))], Lines(name, "state.jsonl"));

    public static WorkflowDefinition ReadDefinition(string name)
    {
        var result = WorkflowReader.Read(File.ReadAllText(Path.Combine(Folder(name), "workflow.yaml")), name + "/workflow.yaml");
        return result.Definition ?? throw new InvalidDataException(string.Join("\n", result.Findings));
    }

    public static string[] Lines(string name, string file) => File.ReadAllLines(Path.Combine(Folder(name), file));

    /// <summary>In the sources, so that recording writes where review reads.</summary>
    public static string Folder(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Local.slnf"))) root = root.Parent;
        return Path.Combine(root?.FullName ?? throw new DirectoryNotFoundException("No Local.slnf above the tests."), "tests", "Interlock.Tests", "Runs", "Golden", name);
    }
}
