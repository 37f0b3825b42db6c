using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interlock.Core.Intake;

/// <summary>Ids from length-prefixed parts, so that no two lists of parts run together: 32 hex digits.</summary>
internal static class DerivedId
{
    public static string Of(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }
}
