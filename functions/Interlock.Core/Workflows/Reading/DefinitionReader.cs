using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>Builds the definition from a document that fits our schema.</summary>
internal static class DefinitionReader
{
    private const string Metadata = "/document/metadata/interlock";

    private static readonly string[] Dialects = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];

    public static WorkflowDefinition Read(JsonValue document, FindingLog log)
    {
        var header = document["document"]!; // required by the schema
        var interlock = header["metadata"]?["interlock"];
        if (header["dsl"]!.AsString() is var dsl && !Dialects.Contains(dsl)) // required by the schema
            log.Error("unsupported", "/document/dsl", $"version {Quote.Short(dsl)} of the DSL is not run; write 1.0.3");
        var reusables = new Reusables(document, log);
        reusables.Check();
        var reader = new TaskReader(log, reusables, IsLoose(document, log));
        var around = new Surroundings([], TaskReader.Action(interlock?["onError"]), TaskReader.Action(interlock?["onTimeout"]), document["timeout"] is not null)
        {
            Escalate = StepEscalationReader.Read(reader, interlock, Metadata),
        };
        StepEscalationReader.CheckDefined(log, interlock, Metadata, around.Escalate);
        var tasks = reader.List(document["do"]!, "/do", around); // required by the schema
        reader.ReportMissing();
        return new WorkflowDefinition(tasks)
        {
            Name = new(header["namespace"]!.AsString(), header["name"]!.AsString()), // required by the schema
            Version = header["version"]!.AsString(), // required by the schema
            Digest = CanonicalJson.Digest(document),
            Document = document,
            Mode = interlock?["mode"]?.AsString() == "autonomous" ? ExecutionMode.Autonomous : ExecutionMode.Supervised,
            Concurrency = LockReader.Concurrency(reader, interlock?["concurrency"], Metadata + "/concurrency"),
            InputFrom = reader.Expressions.BareTemplate(document["input"]?["from"], "/input/from", [], ArgumentsAt.WorkflowInput),
            InputSchema = reader.Schema(document["input"], "/input"),
            OutputAs = reader.Expressions.BareTemplate(document["output"]?["as"], "/output/as", [], ArgumentsAt.WorkflowOutput),
            OutputSchema = reader.Schema(document["output"], "/output"),
            Timeout = reader.Timeout(document["timeout"], "/timeout", around, ArgumentsAt.Workflow),
            On = ScheduleReader.Events(document["schedule"], reader),
            Windows = ScheduleReader.Windows(interlock?["schedule"]?["windows"], Metadata + "/schedule/windows", reader),
            Times = ScheduleReader.Times(document["schedule"], reader),
        };
    }

    private static bool IsLoose(JsonValue document, FindingLog log)
    {
        if (document["evaluate"]?["language"]?.AsString() is { } language && language != "jq")
            log.Error("unsupported", "/evaluate/language", $"expressions in '{Quote.Short(language)}' are not run; write them in jq");
        return document["evaluate"]?["mode"]?.AsString() == "loose";
    }
}
