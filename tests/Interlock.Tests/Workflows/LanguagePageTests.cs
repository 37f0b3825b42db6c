using System.Text.RegularExpressions;
using Interlock.Core.Workflows;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Workflows;

/// <summary>Every sample of <c>docs/workflow-language.md</c> checks without a finding, or is refused by the rule that it is there for; so do the documents under <c>samples</c>.</summary>
public sealed partial class LanguagePageTests
{
    private static readonly (int Line, string Rule, string Text)[] _blocks = Read();

    public static TheoryData<int> Lines => [.. _blocks.Select(block => block.Line)];

    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(Assemblies.Repository, "samples", "workflows"), "*.yaml").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    [Fact]
    public void Page_HasASampleOfEveryKindOfTask() => Assert.All(
        (string[])["do:", "set:", "switch:", "for:", "fork:", "try:", "raise:", "wait:", "emit:", "listen:", "run:", "call: tool", "call: agent", "call: approval", "call: autonomous", "call: http", "call: mcp"],
        kind => Assert.Contains(_blocks, block => block.Rule.Length == 0 && block.Text.Contains(kind, StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Lines))]
    public void Page_SampleAtLine_IsWhatItIsSaidToBe(int line)
    {
        var (_, rule, text) = _blocks.Single(block => block.Line == line);
        var findings = WorkflowReader.Read(Whole(text), $"docs/workflow-language.md, sample at line {line}").Findings;
        if (rule.Length > 0) Assert.Contains(rule, findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.Rule));
        else Assert.Equal([], findings.Select(finding => finding.ToString()));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Sample_Document_IsReady(string file)
    {
        var read = WorkflowReader.Read(Documents.Sample("samples/workflows/" + file), file);
        Assert.Equal([], read.Findings.Select(finding => finding.ToString()));
        Assert.True(ReadinessReport.For(read).Passed);
    }

    /// <summary>Tasks, and members of a document, get what the page leaves out.</summary>
    private static string Whole(string text)
    {
        if (text.StartsWith("document:", StringComparison.Ordinal)) return text;
        if (text.StartsWith('-')) return Documents.Head + string.Concat(text.Split('\n').Select(line => "  " + line + "\n"));
        var head = Documents.Head[..Documents.Head.IndexOf("do:", StringComparison.Ordinal)];
        return (text.Contains("timeout: { after: '", StringComparison.Ordinal) ? head.Replace("timeout: { after: PT1H }\n", "", StringComparison.Ordinal) : head) + text;
    }

    private static (int, string, string)[] Read()
    {
        var page = Documents.Sample("docs/workflow-language.md");
        return [.. Block().Matches(page).Select(match => (page.AsSpan(0, match.Index).Count('\n') + 1, match.Groups["rule"].Value, match.Groups["text"].Value))];
    }

    [GeneratedRegex(@"^```yaml(?: refused (?<rule>[a-z-]+))?\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Block();
}
