namespace Interlock.Http.Sessions;

/// <summary>Where a sign-in may return to: a path of this site, never another one.</summary>
internal static class LocalPath
{
    /// <summary>The path if it is one, else <c>/</c>. Only plain characters: nothing that a browser would read as a host or a scheme.</summary>
    public static string Or(string? path) => IsLocal(path) ? path : "/";

    private static bool IsLocal([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? path) =>
        path is { Length: > 0 and <= 512 } && path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal)
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '?' or '=' or '&' or '%' or '~');
}
