using System.Text;

namespace Interlock.Benchmarks;

/// <summary>A Markdown table under a title.</summary>
internal sealed class Table(string title, params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var text = new StringBuilder().AppendLine().AppendLine(title).AppendLine();
        foreach (var row in _rows.Prepend([.. columns.Select(_ => "---")]).Prepend(columns)) text.Append("| ").AppendJoin(" | ", row).AppendLine(" |");
        return text.ToString();
    }
}
