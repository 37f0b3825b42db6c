namespace Interlock.Core.Workflows;

/// <summary>The whole check of a document, as <c>interlock check</c> and publishing run it.</summary>
public static class WorkflowCheck
{
    /// <summary>Every finding, in document order; empty when the document is clean. Nothing is thrown for what the text holds.</summary>
    public static IReadOnlyList<Finding> Check(string text, string file) => WorkflowReader.Read(text, file).Findings;
}
