using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Interlock.Core.Endpoints;

/// <summary>
/// An http or https URL in the one form in which it is compared, shown and sent. <see cref="Origin"/> is <c>scheme://host[:port]</c> in lower case without a standard port,
/// <see cref="Path"/> begins with <c>/</c>, and <see cref="Query"/> is decoded. What two readers may read differently is no such URL: user names, backslashes, fragments, empty and dot
/// segments, and encoded slashes, backslashes, dots and control characters, however often encoded.
/// </summary>
public sealed record EndpointUri(string Origin, string Path, ImmutableArray<KeyValuePair<string, string>> Query)
{
    public const int MaxLength = 8192;

    private const int MaxDecodings = 3;
    private const string Unreserved = "-._~";
    private const string InPath = "!$&'()*+,;=:@";

    /// <summary>The path without a slash at its end: what lies below it begins with this and a slash.</summary>
    public string Base => Path.TrimEnd('/');

    /// <summary>Whether the other one is this one or lies below it.</summary>
    public bool Holds(EndpointUri other) =>
        Origin == other.Origin && (other.Path == Base || other.Path.StartsWith(Base + "/", StringComparison.Ordinal));

    /// <summary>Whether a server may take the other one for this one or for one below it: some read paths whatever their case, decode them, and drop what follows a semicolon.</summary>
    public bool MayHold(EndpointUri other)
    {
        var (mine, asked) = (Loose(Base), Loose(other.Path));
        return Origin == other.Origin && (asked == mine || asked.StartsWith(mine + "/", StringComparison.Ordinal));
    }

    /// <summary>The URL, or what is wrong with the text in words that quote nothing of it.</summary>
    public static (EndpointUri? Uri, string? Flaw) Read(string text)
    {
        if (text.Length > MaxLength) return (null, $"it is longer than {MaxLength} characters");
        if (text.Any(c => c is <= ' ' or > '~' or '\\' or '"' or '<' or '>' or '^' or '`' or '{' or '|' or '}')) return (null, "it has characters that a URL can't have; percent-encode them");
        if (text.Contains('#')) return (null, "it has a fragment");
        var scheme = text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? "https" : text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? "http" : null;
        if (scheme is null) return (null, "it is no absolute http or https URL");
        var rest = text[(scheme.Length + 3)..];
        var end = rest.AsSpan().IndexOfAny('/', '?') is >= 0 and var at ? at : rest.Length;
        if (Authority(scheme, rest[..end]) is not { } origin) return (null, "its host is no plain name or address with an optional port; user names and passwords are never part of it");
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var (path, flaw) = ReadPath(question < 0 ? rest[end..] : rest[end..question]);
        if (path is null) return (null, flaw);
        return ReadQuery(question < 0 ? "" : rest[(question + 1)..]) is { } query ? (new EndpointUri(origin, path, query), null) : (null, "its query is not percent-encoded UTF-8");
    }

    private static string? Authority(string scheme, string text)
    {
        var bracket = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        var colon = text.IndexOf(':', bracket + 1);
        var host = colon < 0 ? text : text[..colon];
        if (host.Length == 0 || !(bracket < 0 ? host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') : bracket == host.Length - 1 && host[1..^1].All(c => char.IsAsciiHexDigit(c) || c is ':' or '.'))) return null;
        var origin = $"{scheme}://{host.ToLowerInvariant()}";
        if (colon < 0) return origin;
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) return null;
        return port == (scheme == "https" ? 443 : 80) ? origin : $"{origin}:{port.ToString(CultureInfo.InvariantCulture)}";
    }

    private static (string? Path, string? Flaw) ReadPath(string text)
    {
        if (text.Length is 0 or 1) return ("/", null);
        var path = new StringBuilder(text.Length);
        var segments = text.Split('/'); // the first one is empty: a path begins with its slash
        for (var i = 1; i < segments.Length; i++)
        {
            if (segments[i].Length == 0 && i < segments.Length - 1) return (null, "its path has an empty segment");
            path.Append('/');
            if (!Normalize(segments[i], path)) return (null, "its path is not percent-encoded as it must be");
            if (IsAmbiguous(segments[i])) return (null, "its path has a dot segment, or an encoded slash, backslash, dot or control character");
        }
        return (path.ToString(), null);
    }

    /// <summary>Appends the segment with nothing encoded that need not be, and the rest in capitals.</summary>
    private static bool Normalize(string segment, StringBuilder into)
    {
        for (var i = 0; i < segment.Length; i++)
        {
            var c = segment[i];
            if (c != '%')
            {
                if (!char.IsAsciiLetterOrDigit(c) && !Unreserved.Contains(c) && !InPath.Contains(c)) return false;
                into.Append(c);
                continue;
            }
            if (Encoded(segment, i) is not { } value) return false;
            if (char.IsAsciiLetterOrDigit(value) || Unreserved.Contains(value)) into.Append(value);
            else into.Append('%').Append(segment.AsSpan(i + 1, 2).ToString().ToUpperInvariant());
            i += 2;
        }
        return true;
    }

    /// <summary>Whether somebody who decodes the segment, or decodes it once more, may find another path in it.</summary>
    private static bool IsAmbiguous(string segment)
    {
        for (var decodings = 0; ; decodings++)
        {
            var parameters = segment.IndexOf(';', StringComparison.Ordinal);
            if ((parameters < 0 ? segment : segment[..parameters]) is "." or ".." || segment.Any(c => c is '/' or '\\' or < ' ' or '\x7f')) return true;
            var decoded = Decode(segment);
            if (decoded == segment) return false;
            if (decodings == MaxDecodings) return true;
            segment = decoded;
        }
    }

    private static string Loose(string path) => string.Join('/', Decode(path).Split('/').Select(segment => segment.Split(';')[0])).TrimEnd('/').ToLowerInvariant();

    private static string Decode(string text)
    {
        var decoded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && Encoded(text, i) is { } value)
            {
                decoded.Append(value);
                i += 2;
            }
            else
            {
                decoded.Append(text[i]);
            }
        }
        return decoded.ToString();
    }

    private static char? Encoded(string text, int percent) => percent + 2 < text.Length && char.IsAsciiHexDigit(text[percent + 1]) && char.IsAsciiHexDigit(text[percent + 2])
        ? (char)byte.Parse(text.AsSpan(percent + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
        : null;

    private static ImmutableArray<KeyValuePair<string, string>>? ReadQuery(string text)
    {
        var query = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (var part in text.Split('&').Where(part => part.Length > 0))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (Text(equals < 0 ? part : part[..equals]) is not { } name || Text(equals < 0 ? "" : part[(equals + 1)..]) is not { } value) return null;
            query.Add(new(name, value));
        }
        return query.ToImmutable();
    }

    private static string? Text(string encoded)
    {
        var bytes = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                bytes.Add(encoded[i] == '+' ? (byte)' ' : (byte)encoded[i]);
                continue;
            }
            if (Encoded(encoded, i) is not { } value) return null;
            bytes.Add((byte)value);
            i += 2;
        }
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
