namespace Interlock.Core.Workflows.Reading;

/// <summary>Collects findings and finds their places. Past <see cref="Limit"/> it counts no further: a reader needs the first ones.</summary>
internal sealed class FindingLog(string file, SourceMap map)
{
    public const int Limit = 100;

    private readonly List<Finding> _findings = [];

    public bool HasErrors { get; private set; }

    /// <summary>In document order; findings of one place in the order they were made.</summary>
    public IReadOnlyList<Finding> InOrder => [.. _findings.OrderBy(finding => finding.Line)];

    public void Error(string rule, string pointer, string message) => Add(Severity.Error, rule, pointer, map.Nearest(pointer).Key, message);

    public void Warn(string rule, string pointer, string message) => Add(Severity.Warning, rule, pointer, map.Nearest(pointer).Key, message);

    /// <summary>A finding inside a text of the document: at the 1-based line and column of its content.</summary>
    public void ErrorWithin(string rule, string pointer, int line, int column, string message)
    {
        var node = map.Nearest(pointer);
        var start = node.Value;
        var place = node.Form switch
        {
            ScalarForm.None => start,
            ScalarForm.Block => new SourcePosition(start.Line + line, column),
            _ when line > 1 => start with { Line = start.Line + line - 1 },
            ScalarForm.Quoted => start with { Column = start.Column + column },
            _ => start with { Column = start.Column + column - 1 },
        };
        Add(Severity.Error, rule, pointer, place, message);
    }

    public void ErrorAt(string rule, string pointer, SourcePosition place, string message) => Add(Severity.Error, rule, pointer, place, message);

    /// <summary>Whether the place lies at or inside one that already has an error.</summary>
    public bool IsInsideError(string pointer) => _findings.Any(finding => finding.Severity == Severity.Error
        && (finding.Pointer == pointer || pointer.StartsWith(finding.Pointer + "/", StringComparison.Ordinal)));

    private void Add(Severity severity, string rule, string pointer, SourcePosition place, string message)
    {
        HasErrors |= severity == Severity.Error;
        if (_findings.Count < Limit || (severity == Severity.Error && _findings.RemoveAll(f => f.Severity == Severity.Warning) > 0))
            _findings.Add(new Finding(file, place.Line, place.Column, pointer, severity, rule, message));
    }
}
