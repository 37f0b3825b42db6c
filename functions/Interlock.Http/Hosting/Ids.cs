namespace Interlock.Http.Hosting;

/// <summary>The form of run and gate ids: anything else is not looked up.</summary>
internal static class Ids
{
    public static bool IsHex32(string text) => text.Length == 32 && text.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f');
}
