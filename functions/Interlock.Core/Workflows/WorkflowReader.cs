using Interlock.Core.Workflows.Checks;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// Reads a workflow document: YAML 1.2 or JSON text, at most 1 MiB, 200 levels and 100,000 nodes, without aliases, anchors, tags,
/// merge keys or duplicate names. The document must fit the DSL's schema and Interlock's, and every name, expression, duration and
/// schema in it must resolve. Whatever is wrong is a <see cref="Finding"/>; nothing is thrown for what a document holds.
/// </summary>
public static class WorkflowReader
{
    /// <param name="text">YAML or JSON.</param>
    /// <param name="fileName">How findings name the document.</param>
    public static WorkflowReadResult Read(string text, string fileName)
    {
        try
        {
            var (document, map) = YamlReader.Read(text);
            return Read(document, fileName, map);
        }
        catch (YamlRefusedException e)
        {
            var log = new FindingLog(fileName, SourceMap.None);
            log.ErrorAt(e.Rule, e.Pointer, e.Position, e.Message);
            return WorkflowReadResult.Unread(log.InOrder[0]);
        }
    }

    /// <summary>The same checks for a document already stored as JSON; findings have pointers but no lines.</summary>
    public static WorkflowReadResult FromDocument(JsonValue document, string fileName = "document") => Read(document, fileName, SourceMap.None);

    private static WorkflowReadResult Read(JsonValue document, string fileName, SourceMap map)
    {
        var log = new FindingLog(fileName, map);
        var draft = Draft(document, log);
        if (!log.HasErrors) WorkflowSchemas.CheckDsl(document, log);
        return new(log.HasErrors ? null : draft, log.InOrder, document) { Draft = draft, Map = map, File = fileName };
    }

    /// <summary>The definition as far as it can be built; each stage needs what the one before it made sure of.</summary>
    private static WorkflowDefinition? Draft(JsonValue document, FindingLog log)
    {
        TaskKinds.Check(document, log);
        if (!WorkflowSchemas.CheckOwn(document, log)) return null;
        var definition = DefinitionReader.Read(document, log);
        FlowCheck.Run(definition, log);
        GateCheck.Run(definition, log);
        RetryCheck.Run(definition, log);
        PoolCheck.Run(definition, log);
        LockCheck.Run(definition, log);
        return definition;
    }
}
