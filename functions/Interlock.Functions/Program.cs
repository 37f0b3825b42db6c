Console.Error.WriteLine("not composed yet");
