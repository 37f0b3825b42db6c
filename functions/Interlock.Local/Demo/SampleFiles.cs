using System.Reflection;
using System.Text;

namespace Interlock.Local.Demo;

/// <summary>The files of <c>samples/</c>, carried inside the program so that the demo runs from anywhere.</summary>
internal static class SampleFiles
{
    public static string Read(string path)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("samples/" + path)
            ?? throw new InvalidOperationException($"The sample '{path}' is not built in.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
