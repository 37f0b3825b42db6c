using System.Text;
using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>
/// Tokens of a text before an endpoint counts them: a quarter of its UTF-8 bytes, rounded up. Real tokenizers differ by model; the estimate only decides what is
/// shown again, and what is charged is what the endpoint counted.
/// </summary>
public static class TokenEstimate
{
    private const int BytesPerToken = 4;

    public static long Of(string text) => Of(Encoding.UTF8.GetByteCount(text));

    /// <summary>Of a text of that many UTF-8 bytes.</summary>
    public static long Of(int bytes) => ((long)bytes + BytesPerToken - 1) / BytesPerToken;

    public static long Of(JsonValue value) => Of(value.ToString());
}
