using Interlock.Core.Workflows;

namespace Interlock.Tests.Workflows;

/// <summary>Documents for tests: a clean head of eight lines, then the tasks.</summary>
internal static class Documents
{
    public const int FirstTaskLine = 9;

    public const string Head =
        """
        document:
          dsl: 1.0.3
          namespace: test
          name: doc
          version: 1.0.0
          metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } }
        timeout: { after: PT1H }
        do:

        """;

    public static WorkflowReadResult Read(string tasks) => WorkflowReader.Read(Head + tasks, "doc.yaml");

    /// <summary>The same in the mode in which a planner may pick.</summary>
    public static WorkflowReadResult Autonomous(string tasks) => WorkflowReader.Read(Head.Replace("mode: supervised", "mode: autonomous", StringComparison.Ordinal) + tasks, "doc.yaml");

    public static WorkflowDefinition Clean(string tasks) => Clean(Read(tasks));

    public static WorkflowDefinition Clean(WorkflowReadResult result)
    {
        Assert.Equal([], result.Findings.Select(finding => finding.ToString()));
        return Assert.IsType<WorkflowDefinition>(result.Definition);
    }

    /// <summary>The file of that path below the folder that holds the solution.</summary>
    public static string Sample(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Local.slnf"))) folder = folder.Parent;
        return File.ReadAllText(Path.Combine(folder?.FullName ?? throw new DirectoryNotFoundException("No Local.slnf above the tests."), path));
    }
}
