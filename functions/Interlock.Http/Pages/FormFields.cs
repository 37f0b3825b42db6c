using System.Diagnostics.CodeAnalysis;

namespace Interlock.Http.Pages;

/// <summary>A form's fields, each given once at most. What is blank counts as not given; line ends are as text has them.</summary>
internal sealed class FormFields(IReadOnlyDictionary<string, string> fields)
{
    public static FormFields None { get; } = new(new Dictionary<string, string>());

    /// <summary>The field's text, or null when it is not given or blank.</summary>
    public string? this[string name] =>
        fields.TryGetValue(name, out var text) && !string.IsNullOrWhiteSpace(text) ? text.Replace("\r\n", "\n", StringComparison.Ordinal) : null;

    public bool Has(string name, [NotNullWhen(true)] out string? text) => (text = this[name]) is not null;
}
