namespace Interlock.Json.Schema;

/// <summary>
/// Reference resolution, RFC 3986 section 5.2, on text: nothing is normalised beyond dot segments, so that schema
/// identifiers compare as they are written.
/// </summary>
internal static class UriReference
{
    public static (string Uri, string? Fragment) Split(string reference)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        return hash < 0 ? (reference, null) : (reference[..hash], reference[(hash + 1)..]);
    }

    /// <summary>The target of a reference without fragment, seen from a base URI without fragment; either may be relative.</summary>
    public static string Resolve(string baseUri, string reference)
    {
        if (reference.Length == 0) return baseUri;
        var r = Parts.Of(reference);
        if (r.Scheme is not null) return (r with { Path = WithoutDots(r.Path) }).ToString();
        var b = Parts.Of(baseUri);
        if (r.Authority is not null) return (r with { Scheme = b.Scheme, Path = WithoutDots(r.Path) }).ToString();
        if (r.Path.Length == 0) return (b with { Query = r.Query ?? b.Query }).ToString();
        var path = r.Path[0] == '/' ? r.Path : Merge(b, r.Path);
        return (b with { Path = WithoutDots(path), Query = r.Query }).ToString();
    }

    public static bool IsAbsolute(string uri) => Parts.Of(uri).Scheme is not null;

    private static string Merge(Parts b, string path) =>
        b.Authority is not null && b.Path.Length == 0 ? "/" + path : b.Path[..(b.Path.LastIndexOf('/') + 1)] + path;

    private static string WithoutDots(string path)
    {
        if (!path.Contains('.', StringComparison.Ordinal)) return path;
        var kept = new List<string>();
        var segments = path.Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            var last = i == segments.Length - 1;
            if (segments[i] is not ("." or ".."))
            {
                kept.Add(segments[i]);
                continue;
            }
            if (segments[i] == ".." && kept.Count > 0 && !(kept.Count == 1 && kept[0].Length == 0)) kept.RemoveAt(kept.Count - 1);
            if (last) kept.Add("");
        }
        return string.Join('/', kept);
    }

    private sealed record Parts(string? Scheme, string? Authority, string Path, string? Query)
    {
        public static Parts Of(string uri)
        {
            string? scheme = null, authority = null, query = null;
            var stop = uri.AsSpan().IndexOfAny(":/?");
            if (stop > 0 && uri[stop] == ':' && char.IsAsciiLetter(uri[0]))
            {
                scheme = uri[..stop];
                uri = uri[(stop + 1)..];
            }
            if (uri.StartsWith("//", StringComparison.Ordinal))
            {
                var end = uri.AsSpan(2).IndexOfAny("/?") is >= 0 and var at ? at + 2 : uri.Length;
                authority = uri[2..end];
                uri = uri[end..];
            }
            if (uri.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark)
            {
                query = uri[(mark + 1)..];
                uri = uri[..mark];
            }
            return new(scheme, authority, uri, query);
        }

        public override string ToString() =>
            (Scheme is null ? "" : Scheme + ":") + (Authority is null ? "" : "//" + Authority) + Path + (Query is null ? "" : "?" + Query);
    }
}
