using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>The whole check of a document, as <c>interlock check</c> and publishing run it.</summary>
public static class WorkflowCheck
{
    /// <summary>The JSON Schema (draft 2020-12) an editor can complete and check documents with: ours and the DSL's own in one document that refers to no other.</summary>
    public static JsonValue Schema => WorkflowSchemas.Composed;

    /// <summary>Every finding, in document order; empty when the document is clean. Nothing is thrown for what the text holds.</summary>
    public static IReadOnlyList<Finding> Check(string text, string file) => WorkflowReader.Read(text, file).Findings;
}
