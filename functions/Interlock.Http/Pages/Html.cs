using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Interlock.Http.Pages;

/// <summary>
/// Mark-up. Made only by <see cref="Of"/>: what stands in the source is mark-up, whatever is inserted is text and is encoded
/// (<see cref="VisibleText"/>), unless it is mark-up already. There is no way to turn a string into mark-up.
/// </summary>
internal readonly struct Html
{
    private readonly string? _markup;

    private Html(string markup) => _markup = markup;

    public static Html Empty => default;

    public static Html Of(Handler markup) => new(markup.ToStringAndClear());

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part._markup)));

    /// <summary>The mark-up when the condition holds, else nothing.</summary>
    public static Html When(bool condition, Func<Html> markup) => condition ? markup() : Empty;

    public override string ToString() => _markup ?? "";

    [InterpolatedStringHandler]
    public readonly ref struct Handler(int literalLength, int formattedCount)
    {
        private readonly StringBuilder _html = new(literalLength + (formattedCount * 32));

        public void AppendLiteral(string markup) => _html.Append(markup);

        public void AppendFormatted(Html markup) => _html.Append(markup._markup);

        public void AppendFormatted(string? text) => VisibleText.Append(_html, text ?? "");

        public void AppendFormatted(long number) => _html.Append(number.ToString(CultureInfo.InvariantCulture));

        internal string ToStringAndClear() => _html.ToString();
    }
}
